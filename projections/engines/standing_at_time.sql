-- Where an engine stood last that is on record, before the first event that happened later than a time.
select standing
from heartline_projections.standings
where partition = %(partition)s and stream = %(stream)s and latest_at <= %(time)s
order by version desc
limit 1
