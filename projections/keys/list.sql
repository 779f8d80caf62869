-- A page of the sessions that engine keys were with, newest first: those that began before a place in this order, of all or
-- of a gateway, a key, an agent, a session, a time.
--
-- Keys and agents are looked up by their hash, and compared behind `coalesce`: Postgres would take hash and name for independent
-- of each other, expect next to nothing, and sort all that is there instead of reading a page from its index.
select first_at as at, partition, position,
    gateway, routing_key, engine_key, agent, kind, session_id, transcript, heartbeat, first_version, last_version, last_at,
    events
from heartline_projections.keys
where (%(gateway)s::text is null or gateway = %(gateway)s)
    and (%(routing_key)s::text is null
        or hashtextextended(routing_key, 0) = hashtextextended(%(routing_key)s, 0)
            and coalesce(routing_key = %(routing_key)s, false))
    and (%(engine_key)s::text is null
        or hashtextextended(engine_key, 0) = hashtextextended(%(engine_key)s, 0)
            and coalesce(engine_key = %(engine_key)s, false))
    and (%(agent)s::text is null or coalesce(agent = %(agent)s, false)
        and (%(routing_key)s::text is not null or %(engine_key)s::text is not null
            or hashtextextended(agent, 0) = hashtextextended(%(agent)s, 0)))
    and (%(session_id)s::text is null
        or hashtextextended(session_id, 0) = hashtextextended(%(session_id)s, 0)
            and coalesce(session_id = %(session_id)s, false))
    and (%(since)s::bigint is null or first_at >= %(since)s)
    and (%(until)s::bigint is null or first_at < %(until)s)
    and (%(before_at)s::bigint is null
        or (first_at, partition, position) < (%(before_at)s, %(before_partition)s::bigint, %(before_position)s::bigint))
order by first_at desc, partition desc, position desc
limit %(limit)s
