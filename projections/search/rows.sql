-- About how many rows a search looks through: as Postgres last counted them.
select greatest(c.reltuples, 0)::bigint
from heartline_projections.generations g
join pg_class c on c.relname = 'search_' || g.generation and c.relnamespace = 'heartline_projections'::regnamespace
where g.projection = 'search' and g.state = 'live'
