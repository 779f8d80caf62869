-- Where an engine stood last that is on record, at a version or before it.
select standing
from heartline_projections.standings
where partition = %(partition)s and stream = %(stream)s and (%(version)s::bigint is null or version <= %(version)s)
order by version desc
limit 1
