-- Take in the projection with its first generation.
select heartline.register_projection('keys', 1, array['keys']);
