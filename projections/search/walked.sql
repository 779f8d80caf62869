-- The last of so many of the newest rows of a search; none where there are fewer.
select occurred_at, partition, position, place
from heartline_projections.search
where (%(since)s::bigint is null or occurred_at >= %(since)s)
    and (%(until)s::bigint is null or occurred_at < %(until)s)
    and (%(before_at)s::bigint is null
        or (occurred_at, partition, position, place)
            < (%(before_at)s, %(before_partition)s, %(before_position)s, %(before_place)s))
order by occurred_at desc, partition desc, position desc, place desc
limit 1 offset %(walked)s - 1
