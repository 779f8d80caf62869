-- A page of one session's trajectory.
select
    run.seq,
    run.event_json
from trajectory_runtime_events as run
where run.session_id = :session and run.seq > :after
order by run.seq
limit :most
