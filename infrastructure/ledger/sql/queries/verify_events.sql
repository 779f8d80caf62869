-- All events of one partition, in order, for verification.
select position, uuid_send(stream), version, gateway, engine_key, type, recorded_at, payload, leaf, chain
from heartline.events
where partition = %(partition)s
order by position
