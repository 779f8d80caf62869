-- Every delivery of some identities in a gateway, from all its streams: where they were first recorded, and where they were
-- delivered again. `equality` is the keyed hash of the content that was delivered, by which equal contents are known across
-- streams.
select s.identity, g.engine_key, d.session_id, d.version, d.occurred_at, d.recorded_at, s.partition, d.position, s.stream,
    c.equality
from unnest(%(identities)s::bytea[]) as wanted (identity)
join heartline_projections.sightings s on s.identity = wanted.identity
join heartline_projections.engines g on g.partition = s.partition and g.stream = s.stream and g.gateway = %(gateway)s
cross join lateral (
    select s.session_id, s.version, s.occurred_at, s.recorded_at, s.position where s.delivered
    union all
    select r.session_id, r.version, r.occurred_at, r.recorded_at, r.position
    from heartline_projections.repeats r
    where r.partition = s.partition and r.stream = s.stream and r.entry = s.entry and r.revision = s.revision and r.delivered
) d
left join heartline.content c on c.partition = s.partition and c.stream = s.stream
    and c.entry = s.entry and c.revision = s.revision
