-- Take in the projection with its first generation.
select heartline.register_projection('ticks', 1, array['ticks']);
