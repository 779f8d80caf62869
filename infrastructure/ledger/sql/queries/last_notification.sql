-- The position of the last event of one gateway in a partition; no row where it has none.
select position from heartline.events
where partition = %(partition)s and gateway = %(gateway)s
order by position desc
limit 1
