-- The next events of one partition, in order.
select partition, position, stream, version, gateway, engine_key, type, recorded_at, payload, leaf, chain
from heartline.events
where partition = %(partition)s and position > %(after)s
order by position
limit %(limit)s
