-- What is kept of one session key.
select
    node.current_session_id,
    node.entry_json,
    node.parent_session_key,
    node.spawned_by,
    node.fork_source_session_id
from session_nodes as node
where node.session_key = :key
