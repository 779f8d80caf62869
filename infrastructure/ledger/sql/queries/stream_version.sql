-- The version of a stream; null where it has no event.
select max(version) from heartline.events where partition = %(partition)s and stream = %(stream)s
