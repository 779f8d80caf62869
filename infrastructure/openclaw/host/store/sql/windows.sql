-- A page of all sessions, behind the one named.
select
    session.session_id,
    session.session_key,
    session.previous_session_id,
    session.reason,
    session.created_at,
    session.updated_at,
    session.started_at,
    session.ended_at,
    session.status,
    session.parent_session_key,
    session.spawned_by
from session_windows as session
where session.session_id > :after
order by session.session_id
limit :most
