-- What was imported, of a gateway where one is given, the source of which something came last first.
select source, gateway, kind, path, problems, problem_count, records, recorded, events, first_at, last_at
from heartline.sources
where %(gateway)s::text is null or gateway = %(gateway)s
order by last_at desc, source
