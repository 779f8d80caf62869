-- Make the indexes of one table of a generation that it does not have yet, as its shape has them.
create function heartline.build_indexes(in_table text, in_generation integer) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    shape text := in_table || '_0';
    target text := in_table || '_' || in_generation;
    one record;
begin
    if not exists (select from heartline_projections.tables where name = in_table) then
        raise exception 'heartline: there is no read model''s table %', in_table;
    end if;
    for one in
        select replace(i.indexname, shape, target) as name, replace(i.indexdef, shape, target) as definition
        from pg_indexes i join pg_class c on c.relname = i.indexname and c.relnamespace = 'heartline_projections'::regnamespace
        join pg_index x on x.indexrelid = c.oid and not x.indisprimary
        where i.schemaname = 'heartline_projections' and i.tablename = shape
    loop
        if to_regclass(format('heartline_projections.%I', one.name)) is null then
            execute one.definition;
        end if;
    end loop;
    execute format('analyze heartline_projections.%I', target);
end
$$;
