-- The turns of a gateway that were open at some times (µs), with what transcripts tell: the place of the time among those that are
-- asked for, and the turn. A time at which no turn was open has no row.
select distinct on (w.place) w.place, t.routing_key, t.engine_key, t.partition || '-' || t.position
from unnest(%(times)s::bigint[]) with ordinality as w (at, place)
cross join lateral (
    select routing_key, engine_key, partition, position, started_at
    from heartline_projections.turns
    where gateway = %(gateway)s and started_at <= w.at and (ended_at is null or ended_at >= w.at)
    union all
    select routing_key, engine_key, partition, position, started_at
    from heartline_projections.transcript_turns
    where gateway = %(gateway)s and started_at <= w.at and (ended_at is null or ended_at >= w.at)
) t
order by w.place, t.started_at desc
