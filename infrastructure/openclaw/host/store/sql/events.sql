-- A page of one session's transcript.
select
    event.seq,
    event.event_json,
    event.event_zstd,
    event.event_utf8_bytes
from transcript_events as event
where event.session_id = :session and event.seq > :after
order by event.seq
limit :most
