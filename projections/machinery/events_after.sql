-- The next events of some partitions, at most so many of each.
select e.partition, e.position, e.stream, e.version, e.gateway, e.engine_key, e.recorded_at, e.payload
from unnest(%(partitions)s::integer[], %(after)s::bigint[], %(until)s::bigint[]) as wanted (partition, after, until)
cross join lateral (
    select * from heartline.events k
    where k.partition = wanted.partition and k.position > wanted.after and k.position <= wanted.until
    order by k.position
    limit %(limit)s
) e
order by e.partition, e.position
