-- The last position of a partition; null where it is empty.
select max(position) from heartline.events where partition = %(partition)s
