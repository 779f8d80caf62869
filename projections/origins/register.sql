-- Take in the projection with its first generation.
select heartline.register_projection('origins', 1, array['sightings', 'repeats']);
