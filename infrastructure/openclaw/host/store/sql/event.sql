-- One event of a session's transcript.
select
    event.seq,
    event.event_json,
    event.event_zstd,
    event.event_utf8_bytes
from transcript_events as event
where event.session_id = :session and event.seq = :seq
