-- Take in a projection whose tables' shapes were made, and begin its first generation, which is live at once.
create function heartline.register_projection(in_projection text, in_version integer, in_tables text[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
    one text;
    first integer;
begin
    foreach one in array in_tables loop
        insert into heartline_projections.tables values (one, in_projection, (
            select format('on conflict (%s) do update set %s',
                string_agg(quote_ident(a.attname), ', ' order by a.attnum) filter (where a.attnum = any (k.conkey)),
                string_agg(format('%1$I = excluded.%1$I', a.attname), ', ') filter (where a.attnum <> all (k.conkey)))
            from pg_attribute a join pg_constraint k on k.conrelid = a.attrelid and k.contype = 'p'
            where a.attrelid = format('heartline_projections.%I', one || '_0')::regclass and a.attnum > 0 and not a.attisdropped
        ));
    end loop;
    first := heartline.begin_generation(in_projection, in_version);
    foreach one in array in_tables loop
        perform heartline.build_indexes(one, first);
    end loop;
    perform heartline.swap_generation(in_projection, first);
end
$$;
