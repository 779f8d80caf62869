-- The next events of some partitions, each after a position of its own, at most so many of each.
select e.partition, e.position, e.stream, e.version, e.gateway, e.engine_key, e.type, e.recorded_at, e.payload, e.leaf,
       e.chain
from unnest(%(partitions)s::integer[], %(positions)s::bigint[]) as after (partition, position)
cross join lateral (
    select * from heartline.events
    where partition = after.partition and position > after.position
    order by position
    limit %(limit)s
) e
order by e.recorded_at, e.partition, e.position
