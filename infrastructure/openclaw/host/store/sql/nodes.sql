-- A page of all session keys, behind the one named.
select
    node.session_key
from session_nodes as node
where node.session_key > :after
order by node.session_key
limit :most
