-- Which events a session's transcript has, by the index alone: where a row can't be read, the others can.
select
    event.seq
from transcript_events as event
where event.session_id = :session and event.seq > :after
order by event.seq
limit :most
