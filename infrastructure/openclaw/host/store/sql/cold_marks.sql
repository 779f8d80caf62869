-- A page of the sessions whose transcripts were moved into archives, each with its last event.
select
    cold.session_id,
    cold.last_seq,
    cold.generation
from session_transcript_cold_archives as cold
where cold.session_id > :after
order by cold.session_id
limit :most
