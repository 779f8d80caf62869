-- Which of these events of a session lie on the branch that is in use.
select
    active.event_seq
from session_transcript_active_events as active
where active.session_id = :session and active.event_seq between :first and :last
