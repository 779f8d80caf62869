-- Contexts, the newest first: those of a gateway, a routing key, an engine key, an agent, of a time (since <= at < until),
-- and behind a place of the list; each of these where it is given.
--
-- Keys and agents are looked up by their hash, and compared behind `coalesce`: Postgres would take hash and name for independent
-- of each other, expect next to nothing, and sort all that is there instead of reading a page from its index.
select occurred_at as at, partition, position, gateway, engine_key, routing_key, agent, session_id, basis, number,
    (select t.turn_id from heartline_projections.turns t where t.partition = c.partition and t.position = c.turn_position) as turn_id,
    attempt, model, entries, tokens, budget, history, summary, this_turn, system, tools, unattributed
from heartline_projections.contexts c
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
    and (%(since)s::bigint is null or occurred_at >= %(since)s)
    and (%(until)s::bigint is null or occurred_at < %(until)s)
    and (%(before_at)s::bigint is null
        or (occurred_at, partition, position) < (%(before_at)s::bigint, %(before_partition)s::bigint, %(before_position)s::bigint))
order by occurred_at desc, partition desc, position desc
limit %(limit)s::bigint
