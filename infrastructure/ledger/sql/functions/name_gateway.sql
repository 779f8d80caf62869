-- Give the name of a source, which is the first that was proposed for it and is not another's; null if it is another's.
create function heartline.name_gateway(in_source bytea, proposed text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    kept text;
begin
    insert into heartline.gateways values (in_source, proposed) on conflict do nothing;
    select g.gateway into kept from heartline.gateways g where g.source = in_source;
    return kept;
end
$$;
