-- The names that were given to sources.
select source, gateway from heartline.gateways order by source
