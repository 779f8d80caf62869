-- Which of these deliveries were made, to which streams, with which fingerprint and events; each looked up by itself.
select d.partition, d.delivery, d.stream, d.fingerprint, d.first_version, d.last_version
from unnest(%(partitions)s::integer[], %(deliveries)s::bytea[]) as wanted (partition, delivery)
cross join lateral (
    select * from heartline.deliveries k where k.partition = wanted.partition and k.delivery = wanted.delivery
) d
