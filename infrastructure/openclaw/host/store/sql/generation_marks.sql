-- A page of the generations of all transcripts.
select
    rewrite.session_id,
    rewrite.generation
from transcript_rewrite_watermarks as rewrite
where rewrite.session_id > :after
order by rewrite.session_id
limit :most
