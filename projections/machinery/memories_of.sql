-- What folds remember of some streams.
select m.projection, m.stream, m.memory
from unnest(%(partitions)s::integer[], %(streams)s::uuid[]) as wanted (partition, stream)
join heartline_projections.memories m on m.partition = wanted.partition and m.stream = wanted.stream
join unnest(%(projections)s::text[], %(generations)s::integer[]) as folding (projection, generation)
    on folding.projection = m.projection and folding.generation = m.generation
