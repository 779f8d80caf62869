-- The ticks of a gateway that ran, in their order: the columns of `domain.host_rules.RanTick`.
select routing_key, engine_key, tick_id, partition || '-' || position, at, isolated
from heartline_projections.ticks
where gateway = %(gateway)s and engine_key is not null
order by at, partition, position
