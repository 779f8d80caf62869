-- What changes whenever the host rewrites a session's transcript, instead of adding to it.
select
    rewrite.generation
from transcript_rewrite_watermarks as rewrite
where rewrite.session_id = :session
