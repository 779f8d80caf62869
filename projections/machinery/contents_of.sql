-- The content of some byte forms of entries; null where it was erased.
select c.stream, c.entry, c.revision, c.bytes
from unnest(%(partitions)s::integer[], %(streams)s::uuid[], %(entries)s::bigint[], %(revisions)s::bigint[])
    as wanted (partition, stream, entry, revision)
join heartline.content c on c.partition = wanted.partition and c.stream = wanted.stream
    and c.entry = wanted.entry and c.revision = wanted.revision
