-- One event by its place.
select partition, position, stream, version, gateway, engine_key, type, recorded_at, payload, leaf, chain
from heartline.events
where partition = %(partition)s and position = %(position)s
