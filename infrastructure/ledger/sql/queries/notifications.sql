-- The next events of one gateway in a partition, of all types or of some; `stop` is the last position that is wanted.
select position, engine_key, version, type, payload from heartline.events
where partition = %(partition)s and gateway = %(gateway)s and position > %(after)s
    and (%(stop)s::bigint is null or position <= %(stop)s)
    and (%(types)s::text[] is null or type = any (%(types)s))
order by position
limit %(limit)s
