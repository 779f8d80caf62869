-- Take in the projection with its first generation.
select heartline.register_projection('contexts', 1, array['contexts']);
