-- The event that a generation set aside last, and why.
select a.partition, a.position, a.error
from heartline_projections.set_aside a
join heartline.events e on e.partition = a.partition and e.position = a.position
where a.projection = %(projection)s and a.generation = %(generation)s
order by e.recorded_at desc, a.partition, a.position desc
limit 1
