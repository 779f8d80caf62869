-- A page of compactions, newest first: those that began before a place in this order, of all or of a gateway, a key, an agent,
-- a time.
--
-- Keys and agents are looked up by their hash, and compared behind `coalesce`: Postgres would take hash and name for independent
-- of each other, expect next to nothing, and sort all that is there instead of reading a page from its index.
select started_at as at, partition, position, number, gateway, engine_key, routing_key, agent, session_id, tick_id,
    (select t.turn_id from heartline_projections.turns t where t.partition = c.partition and t.position = c.turn_position) as turn_id,
    trigger, target, forced, budget, outcome, reason, tokens_before, tokens_after, claimed_reclaim, context_before,
    context_after, context_tokens_before, context_tokens_after, actual_reclaim, freed_nothing, summary, summary_entry,
    kept_from, first_kept, replaced, replaced_entries, ended_at, ended_version, ended_position
from heartline_projections.compactions c
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
    and (%(since)s::bigint is null or started_at >= %(since)s)
    and (%(until)s::bigint is null or started_at < %(until)s)
    and (%(before_at)s::bigint is null
        or (started_at, partition, position) < (%(before_at)s, %(before_partition)s::bigint, %(before_position)s::bigint))
order by started_at desc, partition desc, position desc
limit %(limit)s
