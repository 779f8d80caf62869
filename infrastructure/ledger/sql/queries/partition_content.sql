-- What lies beside the events of one partition, for verification.
select stream, entry, revision, bytes, salt, equality from heartline.content
where partition = %(partition)s
order by stream, entry, revision
