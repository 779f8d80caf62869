-- The next events of one stream after a version, up to another, in order.
select position, version, gateway, engine_key, type, recorded_at, payload, leaf, chain
from heartline.events
where partition = %(partition)s and stream = %(stream)s and version > %(after)s
    and (%(until)s::bigint is null or version <= %(until)s)
order by version
limit %(limit)s
