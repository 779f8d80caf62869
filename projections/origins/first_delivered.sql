-- Where some entries came from, given as ranges of their numbers within streams: for each entry its identity and, where its host
-- named it, the session that delivered it first (null where none did), of all streams of the gateway. Which delivery is the
-- first is the rule of `domain/origin.py`; entries without a name need its other half, and `origins/deliveries`.
with held as materialized (
    select distinct on (w.partition, w.stream, s.entry) w.gateway, w.stream, s.entry, s.identity, s.named
    from unnest(%(gateways)s::text[], %(partitions)s::bigint[], %(streams)s::uuid[], %(first)s::bigint[], %(last)s::bigint[])
        as w (gateway, partition, stream, first, last)
    join heartline_projections.sightings s
        on s.partition = w.partition and s.stream = w.stream and s.entry between w.first and w.last
    order by w.partition, w.stream, s.entry
)
select h.stream, h.entry, h.identity, h.named, f.session_id
from held h
left join lateral (
    select d.session_id
    from heartline_projections.sightings s
    join heartline_projections.engines g on g.partition = s.partition and g.stream = s.stream and g.gateway = h.gateway
    cross join lateral (
        select s.session_id, s.occurred_at, s.recorded_at, s.position where s.delivered
        union all
        select r.session_id, r.occurred_at, r.recorded_at, r.position
        from heartline_projections.repeats r
        where r.partition = s.partition and r.stream = s.stream and r.entry = s.entry and r.revision = s.revision and r.delivered
    ) d
    where s.identity = h.identity
    order by d.occurred_at, d.recorded_at, s.partition, d.position
    limit 1
) f on h.named
