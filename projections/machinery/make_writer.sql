-- Make the function that writes rows to one table of a generation. A row whose key is there already replaces it where
-- `in_replace` says so. Each table has its own, since a statement that names its table is planned once a connection.
create function heartline.make_writer(in_table text, in_generation integer) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
    target text := in_table || '_' || in_generation;
    writer text := 'write_' || target;
begin
    execute format(
        'create function heartline_projections.%I(in_rows heartline_projections.%I[], in_replace boolean) returns void '
            'language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as %L',
        writer, target, (
            select format(
                'begin if in_replace then insert into heartline_projections.%1$I select r.* from unnest(in_rows) as r %2$s; '
                    'else insert into heartline_projections.%1$I select r.* from unnest(in_rows) as r; end if; end',
                target, on_conflict
            ) from heartline_projections.tables where name = in_table
        )
    );
    execute format('revoke all on function heartline_projections.%I from public', writer);
    if exists (select from pg_roles where rolname = 'heartline_service') then
        execute format('grant execute on function heartline_projections.%I to heartline_service', writer);
    end if;
end
$$;
