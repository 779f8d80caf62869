-- What transcripts say of the turns of some ticks, a row for each tick of which they say any: those of the session, begun from
-- `since` on and not after `until` (each null where it does not matter).
select w.place, t.*
from unnest(
    %(partitions)s::bigint[], %(engines)s::uuid[], %(sessions)s::text[], %(since)s::bigint[], %(until)s::bigint[]
) with ordinality as w (partition, engine, session_id, since, until, place)
cross join lateral (
    select least(sum(billed_tokens), 9223372036854775807)::bigint as billed_tokens, bool_or(heartbeat) as heartbeat,
        (array_agg(outcome order by started_at desc, position desc))[1] as outcome, min(started_at) as started_at,
        case when bool_and(ended_at is not null) then max(ended_at) end as ended_at
    from heartline_projections.transcript_turns s
    where s.partition = w.partition and s.stream = w.engine
        and hashtextextended(s.session_id, 0) = hashtextextended(w.session_id, 0) and s.session_id = w.session_id
        and s.started_at >= coalesce(w.since, -9223372036854775808)
        and s.started_at <= coalesce(w.until, 9223372036854775807)
    having count(*) > 0
) t
order by w.place
