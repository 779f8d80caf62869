-- A page of the ids of all sessions.
select
    session.session_id
from session_windows as session
where session.session_id > :after
order by session.session_id
limit :most
