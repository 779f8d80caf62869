-- A page of the trajectories in the order of the table, each with whether the index leads to it.
with page (place, session_id, seq) as (
    select run.rowid, run.session_id, run.seq
    from trajectory_runtime_events as run not indexed
    where run.rowid > :after
    order by run.rowid
    limit :most
)
select
    page.place,
    page.session_id,
    page.seq,
    typeof(page.session_id) = 'text' and typeof(page.seq) = 'integer' and page.session_id > '' and page.place = (
        select run.rowid
        from trajectory_runtime_events as run
        where run.session_id = page.session_id and run.seq = page.seq
    )
from page
