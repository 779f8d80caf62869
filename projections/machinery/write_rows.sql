-- Write rows of one generation of a read model's table, which the type of the rows names. A row whose key is there already
-- replaces it where `in_replace` says so.
create function heartline.write_rows(in_rows anyarray, in_replace boolean) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    target text;
    conflict text;
begin
    select format('heartline_projections.%I', c.relname), t.on_conflict into strict target, conflict
        from pg_type a
        join pg_type e on e.oid = a.typelem
        join pg_class c on c.oid = e.typrelid and c.relnamespace = 'heartline_projections'::regnamespace
        join heartline_projections.tables t on t.name = regexp_replace(c.relname, '_[1-9][0-9]*$', '')
        where a.oid = pg_typeof(in_rows);
    execute format('insert into %s select r.* from unnest($1) as r %s', target, case when in_replace then conflict else '' end)
        using in_rows;
end
$$;
