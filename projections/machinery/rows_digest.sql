-- The rows of a table in some partitions, counted, with a digest that does not depend on their order.
select partition, count(*), coalesce(sum({hashed}::numeric), 0)::text
from {table} t
where partition = any (%(partitions)s)
group by partition
