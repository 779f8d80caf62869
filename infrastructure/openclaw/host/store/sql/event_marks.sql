-- A page of all sessions that have a transcript, each with its last event; the index is jumped through.
with recursive known (session_id, left) as (
    select min(event.session_id), :most
    from transcript_events as event
    where event.session_id > :after
    union all
    select
        (select min(event.session_id) from transcript_events as event where event.session_id > known.session_id),
        known.left - 1
    from known
    where known.session_id is not null and known.left > 1
)
select
    known.session_id,
    (select max(event.seq) from transcript_events as event where event.session_id = known.session_id)
from known
where known.session_id is not null
