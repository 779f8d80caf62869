-- The generations of all projections, with how many events each set aside.
select g.projection, g.generation, g.version, g.state, g.begun_at, g.live_at,
    (select count(*) from heartline_projections.set_aside a
        where a.projection = g.projection and a.generation = g.generation) as set_aside
from heartline_projections.generations g
order by g.projection, g.generation
