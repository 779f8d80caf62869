-- The rows of some streams of a partition, as they are now.
select stream, gateway, engine_key, routing_key, session_id, kind, phase, events, first_at, last_at
from heartline.streams
where partition = %(partition)s and stream = any (%(streams)s)
