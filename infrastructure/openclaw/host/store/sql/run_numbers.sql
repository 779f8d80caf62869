-- Which events a session's trajectory has, by the index alone.
select
    run.seq
from trajectory_runtime_events as run
where run.session_id = :session and run.seq > :after
order by run.seq
limit :most
