-- Turns, the newest first: those of a gateway, a routing key, an engine key, an agent, of a time (since <= at < until), and
-- behind a place of the list; each of these where it is given.
--
-- Keys and agents are looked up by their hash, and compared behind `coalesce`: Postgres would take hash and name for independent
-- of each other, expect next to nothing, and sort all that is there instead of reading a page from its index.
--
-- What only a transcript tells of stands among them (its evidence is `reconstructed`), but for a turn whose reply lies within a
-- turn of its session that was recorded: that is the same one.
select * from (
    (select started_at as at, partition, position, stream, gateway, engine_key, routing_key, session_id, turn_id, tick_id, heartbeat,
        outcome, attempts, first_call, last_call, context_tokens_start, context_tokens_peak, assembled_tokens, budget, billed_input,
        billed_output, billed_cache_read, billed_cache_write, billed_tokens, tools, tool_counts, overflows, compactions, started_at,
        ended_at, 'recorded' as evidence
    from heartline_projections.turns
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
            or (started_at, partition, position) < (%(before_at)s::bigint, %(before_partition)s::bigint, %(before_position)s::bigint))
    order by started_at desc, partition desc, position desc
    limit %(limit)s::bigint)
    union all
    (select started_at, partition, position, stream, gateway, engine_key, routing_key, session_id, partition || '-' || position, null,
        heartbeat, outcome, 1, null, null, null, null, null, null, billed_input,
        billed_output, billed_cache_read, billed_cache_write, billed_tokens, tools, tool_counts, 0, 0, started_at,
        ended_at, 'reconstructed'
    from heartline_projections.transcript_turns k
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
            or (started_at, partition, position) < (%(before_at)s::bigint, %(before_partition)s::bigint, %(before_position)s::bigint))
        and not exists (
            select from heartline_projections.turns t
            where t.partition = k.partition and t.stream = k.stream
                and hashtextextended(t.session_id, 0) = hashtextextended(k.session_id, 0) and t.session_id = k.session_id
                and t.started_at <= coalesce(k.ended_at, 9223372036854775807)
                and (t.ended_at is null or t.ended_at >= coalesce(k.ended_at, k.started_at))
        )
    order by started_at desc, partition desc, position desc
    limit %(limit)s::bigint)
) listed
order by at desc, partition desc, position desc
limit %(limit)s::bigint
