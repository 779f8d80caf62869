-- The bytes of some byte forms of entries of a stream; those that were erased have none.
select c.entry, c.revision, c.bytes, c.salt, c.equality
from unnest(%(entries)s::bigint[], %(revisions)s::bigint[]) as wanted (entry, revision)
join heartline.content c on c.partition = %(partition)s and c.stream = %(stream)s
    and c.entry = wanted.entry and c.revision = wanted.revision
