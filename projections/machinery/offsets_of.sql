-- How far generations in a state have folded each partition, with the version of their fold.
select g.projection, g.generation, g.version, o.partition, o.position
from heartline_projections.generations g
join heartline_projections.offsets o on o.projection = g.projection and o.generation = g.generation
where g.state = %(state)s
