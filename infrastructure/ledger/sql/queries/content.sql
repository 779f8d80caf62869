-- The bytes of some byte forms of entries of a stream, each looked up by itself: a join reads all that the stream holds.
-- Those that were erased have none.
select c.entry, c.revision, c.bytes, c.salt, c.equality
from unnest(%(entries)s::bigint[], %(revisions)s::bigint[]) as wanted (entry, revision)
cross join lateral (
    select * from heartline.content k where k.partition = %(partition)s and k.stream = %(stream)s
        and k.entry = wanted.entry and k.revision = wanted.revision
    limit 1
) c
