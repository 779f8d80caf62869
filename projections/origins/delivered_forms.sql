-- Of some entries of a stream those that were delivered up to a version, each in the last byte form that was recorded by then.
select s.entry, max(s.revision) as revision
from heartline_projections.sightings s
where s.partition = %(partition)s and s.stream = %(stream)s and s.entry = any (%(entries)s) and s.version <= %(version)s
group by s.entry
having bool_or(s.delivered) or exists (
    select from heartline_projections.repeats r
    where r.partition = %(partition)s and r.stream = %(stream)s and r.entry = s.entry and r.delivered
        and r.version <= %(version)s
)
order by s.entry
