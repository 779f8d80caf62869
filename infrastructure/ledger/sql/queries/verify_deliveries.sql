-- The deliveries of one partition, for verification.
select delivery, uuid_send(stream), fingerprint, first_version, last_version from heartline.deliveries
where partition = %(partition)s
order by delivery
