-- Up to which event the host has worked out the branch of a session that is in use.
select
    state.indexed_seq,
    state.needs_rebuild
from session_transcript_index_state as state
where state.session_id = :session
