-- The gateways of which anything is on record, by their names.
with recursive each (gateway) as (
    select min(gateway) from heartline_projections.engines
    union all
    select (select min(k.gateway) from heartline_projections.engines k where k.gateway > e.gateway)
    from each e where e.gateway is not null
)
select gateway from each where gateway is not null
