-- Which of these deliveries were made, to whatever streams of whatever partitions; each looked up by itself.
select d.partition, d.delivery, d.stream, d.fingerprint, d.first_version, d.last_version
from unnest(%(deliveries)s::bytea[]) as wanted (delivery)
cross join generate_series(0, %(partitions)s::integer - 1) as p (partition)
cross join lateral (
    select * from heartline.deliveries k where k.partition = p.partition and k.delivery = wanted.delivery
) d
