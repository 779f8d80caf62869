-- Take in the projection with its first generation.
select heartline.register_projection('turns', 1, array['turns']);
