-- The keyed hashes of what some streams hold of some entries.
select w.stream, w.entry, c.equality
from unnest(%(partitions)s::bigint[], %(streams)s::uuid[], %(entries)s::bigint[]) as w (partition, stream, entry)
join heartline.content c on c.partition = w.partition and c.stream = w.stream and c.entry = w.entry
where c.equality is not null
