-- The leaves of the events at some positions, of those that there are; each looked up by itself.
select wanted.partition, wanted.position, e.leaf
from unnest(%(partitions)s::integer[], %(positions)s::bigint[]) as wanted (partition, position)
join heartline.events e on e.partition = wanted.partition and e.position = wanted.position
