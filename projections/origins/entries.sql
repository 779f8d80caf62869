-- Where some byte forms of entries of a stream were first recorded: their identity, and the version of the event.
select distinct on (s.entry, s.revision) s.entry, s.revision, s.identity, s.named, s.version
from unnest(%(entries)s::bigint[], %(revisions)s::bigint[]) as wanted (entry, revision)
join heartline_projections.sightings s on s.partition = %(partition)s and s.stream = %(stream)s
    and s.entry = wanted.entry and s.revision = wanted.revision
order by s.entry, s.revision, s.position
