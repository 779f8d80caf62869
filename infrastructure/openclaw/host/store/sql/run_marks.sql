-- A page of all sessions that have a trajectory, each with its last event; the index is jumped through.
with recursive known (session_id, left) as (
    select min(run.session_id), :most
    from trajectory_runtime_events as run
    where run.session_id > :after
    union all
    select
        (select min(run.session_id) from trajectory_runtime_events as run where run.session_id > known.session_id),
        known.left - 1
    from known
    where known.session_id is not null and known.left > 1
)
select
    known.session_id,
    (select max(run.seq) from trajectory_runtime_events as run where run.session_id = known.session_id)
from known
where known.session_id is not null
