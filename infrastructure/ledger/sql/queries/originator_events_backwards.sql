-- The events of one stream between two versions, for the library's recorder, the last first.
select version, type, payload from heartline.events
where partition = %(partition)s and stream = %(stream)s
    and (%(gt)s::bigint is null or version > %(gt)s) and (%(lte)s::bigint is null or version <= %(lte)s)
order by version desc
limit %(limit)s::bigint
