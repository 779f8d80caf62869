-- The session that the store made first: what is known of a store that says nothing of itself.
select
    session.session_id
from session_windows as session
order by session.created_at, session.session_id
limit 1
