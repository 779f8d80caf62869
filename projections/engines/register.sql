-- Take in the projection with its first generation.
select heartline.register_projection('engines', 1, array['engines', 'appearances', 'standings']);
