-- The order of some rows of a search by how well they fit, the best first; where that is equal they stay as they were.
select wanted.n
from unnest(%(partitions)s::bigint[], %(streams)s::uuid[], %(entries)s::bigint[], %(revisions)s::bigint[], %(parts)s::bigint[])
    with ordinality as wanted (partition, stream, entry, revision, part, n)
cross join lateral (
    select words from heartline_projections.search k
    where k.partition = wanted.partition and k.stream = wanted.stream and k.entry = wanted.entry
        and k.revision = wanted.revision and k.part = wanted.part
) s
order by ts_rank(s.words, %(ranked)s::tsquery, 1) desc, wanted.n
limit %(limit)s
