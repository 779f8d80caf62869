-- What some rows of a search are about, with the content that lies beside the events (null where it was erased), and the
-- next context that their stream assembled, where there is one.
select s.partition, s.position, s.place, s.gateway, s.engine_key, s.routing_key, s.agent, s.session_id, s.entry, s.revision,
    s.role, s.tools, s.type, s.occurred_at, s.begins, n.number, c.bytes
from unnest(%(partitions)s::bigint[], %(streams)s::uuid[], %(entries)s::bigint[], %(revisions)s::bigint[], %(parts)s::bigint[])
    with ordinality as wanted (partition, stream, entry, revision, part, n)
cross join lateral (
    select * from heartline_projections.search k
    where k.partition = wanted.partition and k.stream = wanted.stream and k.entry = wanted.entry
        and k.revision = wanted.revision and k.part = wanted.part
) s
left join lateral (
    select number from heartline_projections.contexts k
    where k.partition = s.partition and k.stream = s.stream and k.basis = 'assembled' and k.number = s.next_call
) n on true
left join lateral (
    select bytes from heartline.content k
    where k.partition = s.partition and k.stream = s.stream and k.entry = s.entry and k.revision = s.revision
) c on true
order by wanted.n
