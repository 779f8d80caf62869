-- The keyed hashes of everything that a stream holds.
select entry, revision, equality from heartline.content
where partition = %(partition)s and stream = %(stream)s and equality is not null
