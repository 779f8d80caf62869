-- How far each generation is: how many events it has folded, how many there are, and when the first was recorded that it has
-- not folded (null where there is none).
select g.projection, g.generation, g.version, g.state, g.begun_at, g.live_at, f.folded, f.events, f.waiting_since,
    (select count(*) from heartline_projections.set_aside a
        where a.projection = g.projection and a.generation = g.generation) as set_aside
from heartline_projections.generations g
cross join lateral (
    select coalesce(sum(o.position), 0)::bigint as folded, coalesce(sum(h.position), 0)::bigint as events,
        min((select e.recorded_at from heartline.events e where e.partition = o.partition and e.position = o.position + 1))
            as waiting_since
    from heartline_projections.offsets o
    cross join lateral (
        select coalesce(max(position), 0) as position from heartline.events where partition = o.partition
    ) h
    where o.projection = g.projection and o.generation = g.generation
) f
order by g.projection, g.generation
