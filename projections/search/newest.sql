-- What is found among the newest rows of a search, of which so many are walked through at most; from the newest on. A long
-- text is in several rows, of which one is given.
select distinct on (s.occurred_at, s.partition, s.position, s.place)
    s.occurred_at, s.partition, s.position, s.place, s.stream, s.entry, s.revision, s.part
from (
    select * from heartline_projections.search
    where (%(since)s::bigint is null or occurred_at >= %(since)s)
        and (%(until)s::bigint is null or occurred_at < %(until)s)
        and (%(before_at)s::bigint is null
            or (occurred_at, partition, position, place)
                < (%(before_at)s, %(before_partition)s, %(before_position)s, %(before_place)s))
    order by occurred_at desc, partition desc, position desc, place desc
    limit %(walked)s
) s
where s.words @@ %(rows)s::tsquery
    and (s.parts = 1 or (
        not exists (
            select from unnest(%(others)s::text[]) as other (query)
            where not exists (
                select from heartline_projections.search p
                where p.partition = s.partition and p.stream = s.stream and p.entry = s.entry and p.revision = s.revision
                    and p.words @@ other.query::tsquery
            )
        ) and not exists (
            select from heartline_projections.search p
            where p.partition = s.partition and p.stream = s.stream and p.entry = s.entry and p.revision = s.revision
                and p.words @@ %(excluded)s::tsquery
        )
    ))
order by s.occurred_at desc, s.partition desc, s.position desc, s.place desc
limit %(limit)s
