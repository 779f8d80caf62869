-- Some events of one stream, by their versions.
select partition, position, stream, version, gateway, engine_key, type, recorded_at, payload, leaf, chain
from heartline.events
where partition = %(partition)s and stream = %(stream)s and version = any (%(versions)s)
order by version
