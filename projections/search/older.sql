-- What is found by the index of words from a place of a search on, and down to another, from the newest on. All of it is
-- gathered and sorted: to be asked for words that few rows have there. A long text is in several rows, of which one is given.
with found as materialized (
    select occurred_at, partition, position, place, stream, entry, revision, part, parts
    from heartline_projections.search
    where words @@ %(rows)s::tsquery
        and (%(since)s::bigint is null or occurred_at >= %(since)s)
        and (occurred_at, partition, position, place)
            <= (%(from_at)s, %(from_partition)s, %(from_position)s, %(from_place)s)
        and (%(to_at)s::bigint is null
            or (occurred_at, partition, position, place) >= (%(to_at)s, %(to_partition)s, %(to_position)s, %(to_place)s))
)
select distinct on (s.occurred_at, s.partition, s.position, s.place)
    s.occurred_at, s.partition, s.position, s.place, s.stream, s.entry, s.revision, s.part
from found s
where s.parts = 1 or (
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
    )
order by s.occurred_at desc, s.partition desc, s.position desc, s.place desc
limit %(limit)s
