-- One event of a session's trajectory.
select
    run.seq,
    run.event_json
from trajectory_runtime_events as run
where run.session_id = :session and run.seq = :seq
