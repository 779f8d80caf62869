-- Of each partition the last position in the log, and the least that the generations in a state have folded of those
-- projections whose fold is of a version; null where there is none.
select h.partition, coalesce(log.position, 0), folded.position
from heartline.heads h
left join lateral (
    select e.position from heartline.events e where e.partition = h.partition order by e.position desc limit 1
) log on true
left join (
    select o.partition, min(o.position) as position
    from unnest(%(projections)s::text[], %(versions)s::integer[]) as wanted (projection, version)
    join heartline_projections.generations g
        on g.projection = wanted.projection and g.version = wanted.version and g.state = %(state)s
    join heartline_projections.offsets o on o.projection = g.projection and o.generation = g.generation
    group by o.partition
) folded on folded.partition = h.partition
