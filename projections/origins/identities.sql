-- The identities of some entries, given as ranges of numbers within their streams.
select distinct on (w.partition, w.stream, s.entry) w.stream, s.entry, s.identity, s.named
from unnest(%(partitions)s::bigint[], %(streams)s::uuid[], %(first)s::bigint[], %(last)s::bigint[])
    as w (partition, stream, first, last)
join heartline_projections.sightings s on s.partition = w.partition and s.stream = w.stream and s.entry between w.first and w.last
order by w.partition, w.stream, s.entry
