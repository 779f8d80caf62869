-- All engines, or those of a gateway, of an engine key or of a routing key; in the order in which they began.
select gateway, engine_key, routing_key, session_id, kind, phase, version as events, first_at, last_at
from heartline_projections.engines
where (%(gateway)s::text is null or gateway = %(gateway)s)
    and (%(engine_key)s::text is null
        or hashtextextended(engine_key, 0) = hashtextextended(%(engine_key)s, 0) and engine_key = %(engine_key)s)
    and (%(routing_key)s::text is null or routing_key = %(routing_key)s)
order by first_at, gateway, engine_key
