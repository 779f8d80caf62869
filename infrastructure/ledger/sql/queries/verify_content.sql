-- What lies beside the events of one partition, for verification.
select uuid_send(stream), entry, revision, bytes, salt, equality from heartline.content
where partition = %(partition)s
