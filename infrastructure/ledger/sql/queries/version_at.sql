-- The version of the last event of a stream at or before a position of its partition; 0 before its first.
select coalesce((
    select version from heartline.events
    where partition = %(partition)s and stream = %(stream)s and position <= %(position)s
    order by version desc limit 1
), 0)
