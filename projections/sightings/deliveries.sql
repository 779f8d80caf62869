-- Every delivery of some identities in a gateway, from all its streams, each looked up through the index. `equality` is the
-- keyed hash of the content that was delivered, by which equal contents are known across streams.
select s.identity, st.engine_key, s.session_id, s.version, s.occurred_at, s.recorded_at, s.partition, s.position, s.stream,
    c.equality
from heartline.heads h
cross join unnest(%(identities)s::bytea[]) as wanted (identity)
cross join lateral (
    select * from heartline.sightings k
    where k.partition = h.partition and k.gateway = %(gateway)s and k.identity = wanted.identity and k.delivered
) s
join heartline.streams st on st.partition = s.partition and st.stream = s.stream
left join heartline.content c on c.partition = s.partition and c.stream = s.stream
    and c.entry = s.entry and c.revision = s.revision
