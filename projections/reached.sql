-- How far all projections have folded each partition: no row stands for a partition that one of them has not begun.
select partition, min(position)
from heartline.projection_offsets
where projection = any (%(projections)s)
group by partition
having count(*) = cardinality(%(projections)s)
