-- All streams, or those of a gateway, of an engine key or of a routing key; in the order in which they began.
select gateway, engine_key, routing_key, session_id, kind, phase, events, first_at, last_at
from heartline.streams
where (%(gateway)s::text is null or gateway = %(gateway)s)
    and (%(engine_key)s::text is null or engine_key = %(engine_key)s)
    and (%(routing_key)s::text is null or routing_key = %(routing_key)s)
order by first_at, gateway, engine_key
