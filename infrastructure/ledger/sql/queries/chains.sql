-- The chains at some positions; null where there is no such event, or none on which a chain stands.
select wanted.partition, wanted.position, e.chain
from unnest(%(partitions)s::integer[], %(positions)s::bigint[]) as wanted (partition, position)
left join heartline.events e on e.partition = wanted.partition and e.position = wanted.position
