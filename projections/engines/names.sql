-- The names of the newest engines, of a gateway or of all: so many at most.
select engine_key, routing_key, agent
from heartline_projections.engines
where %(gateway)s::text is null or gateway = %(gateway)s
order by opened_at desc, partition desc, position desc
limit %(most)s
