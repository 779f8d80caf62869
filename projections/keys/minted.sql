-- The engine keys under which sessions of a gateway were recorded that are not those of their routes: a recorder named them, or
-- an engine kept its state by session.
select session_id, engine_key
from heartline_projections.keys
where gateway = %(gateway)s and engine_key <> routing_key
