-- Whether there is a session of this id.
select
    session.session_id
from session_windows as session
where session.session_id = :session
