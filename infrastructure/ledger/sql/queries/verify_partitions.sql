-- Every partition in which something lies or which has a head, whether it should exist or not; found by one step through
-- the index for each.
with recursive
    of_events (partition) as (
        select min(partition) from heartline.events
        union all
        select (select min(n.partition) from heartline.events n where n.partition > o.partition)
        from of_events o where o.partition is not null
    ),
    of_content (partition) as (
        select min(partition) from heartline.content
        union all
        select (select min(n.partition) from heartline.content n where n.partition > o.partition)
        from of_content o where o.partition is not null
    ),
    of_deliveries (partition) as (
        select min(partition) from heartline.deliveries
        union all
        select (select min(n.partition) from heartline.deliveries n where n.partition > o.partition)
        from of_deliveries o where o.partition is not null
    ),
    found (partition) as (
        table of_events union table of_content union table of_deliveries union select partition from heartline.heads
    )
select found.partition, h.ledger_id
from found left join heartline.heads h on h.partition = found.partition
where found.partition is not null
order by found.partition
