-- Take in the projection with its first generation.
select heartline.register_projection('compactions', 1, array['compactions']);
