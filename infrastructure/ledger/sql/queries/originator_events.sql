-- The events of one stream between two versions, for the library's recorder; all where both are null.
select version, type, payload from heartline.events
where partition = %(partition)s and stream = %(stream)s
    and (%(gt)s::bigint is null or version > %(gt)s) and (%(lte)s::bigint is null or version <= %(lte)s)
order by version
limit %(limit)s::bigint
