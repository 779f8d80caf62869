-- The last position and chain of every partition; position 0 where nothing was appended yet.
select h.partition, coalesce(e.position, 0), coalesce(e.chain, ''::bytea)
from heartline.heads h
left join lateral (
    select position, chain from heartline.events where partition = h.partition order by position desc limit 1
) e on true
order by h.partition
