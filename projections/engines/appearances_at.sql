-- How many sessions and how many ticks an engine had been told of, up to a version.
select count(distinct name) filter (where not tick), count(distinct name) filter (where tick)
from heartline_projections.appearances
where partition = %(partition)s and stream = %(stream)s and version <= %(version)s
