-- The contexts of some ticks that have their session for themselves, by the time in which their turns ran. `ranges` are pairs
-- of the first and the last entry, null where a context has too many. Of each tick and basis in their order.
select w.place, c.basis, c.number, c.tokens, c.ranges
from unnest(
    %(partitions)s::bigint[], %(engines)s::uuid[], %(engine_keys)s::text[], %(sessions)s::text[], %(since)s::bigint[], %(until)s::bigint[]
) with ordinality as w (partition, engine, engine_key, session_id, since, until, place)
cross join lateral (
    select * from heartline_projections.contexts k
    where hashtextextended(k.engine_key, 0) = hashtextextended(w.engine_key, 0)
        and k.occurred_at >= w.since and k.occurred_at <= w.until
        and k.partition = w.partition and k.stream = w.engine and k.session_id = w.session_id
) c
order by w.place, c.basis, c.number
