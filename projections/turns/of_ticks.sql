-- What the turns of some ticks come to, a row for each tick that has any: turns that name the tick, or, where `tick_id` is
-- null, those of the session, begun from `since` on and not after `until` (each null where it does not matter).
select w.place, t.*
from unnest(
    %(partitions)s::bigint[], %(engines)s::uuid[], %(sessions)s::text[], %(tick_ids)s::text[], %(since)s::bigint[], %(until)s::bigint[]
) with ordinality as w (partition, engine, session_id, tick_id, since, until, place)
cross join lateral (
    select (array_agg(context_tokens_start order by started_at, position))[1] as context_tokens_start,
        max(context_tokens_peak) as context_tokens_peak,
        (array_agg(budget order by started_at desc, position desc) filter (where budget is not null))[1] as budget,
        sum(overflows)::bigint as overflows, sum(compactions)::bigint as compactions,
        least(sum(billed_tokens), 9223372036854775807)::bigint as billed_tokens,
        bool_or(heartbeat) as heartbeat,
        (array_agg(outcome order by started_at desc, position desc))[1] as outcome,
        min(started_at) as started_at,
        case when bool_and(ended_at is not null) then max(ended_at) end as ended_at
    from (
        select * from heartline_projections.turns s
        where w.tick_id is null and s.partition = w.partition and s.stream = w.engine
            and hashtextextended(s.session_id, 0) = hashtextextended(w.session_id, 0) and s.session_id = w.session_id
            and s.started_at >= coalesce(w.since, -9223372036854775808)
            and s.started_at <= coalesce(w.until, 9223372036854775807)
        union all
        select * from heartline_projections.turns n
        where n.partition = w.partition and n.stream = w.engine
            and hashtextextended(n.tick_id, 0) = hashtextextended(w.tick_id, 0) and n.tick_id = w.tick_id
    ) of_tick
    having count(*) > 0
) t
order by w.place
