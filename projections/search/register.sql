-- Take in the projection with its first generation.
select heartline.register_projection('search', 1, array['search']);
