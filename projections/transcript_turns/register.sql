-- Take in the projection with its first generation.
select heartline.register_projection('transcript_turns', 1, array['transcript_turns']);
