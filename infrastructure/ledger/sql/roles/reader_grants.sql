-- What a reader may do: read the views for people, which show what the owner may read, and nothing beside them.
-- A view's functions are called by whoever reads it. All others are taken from everybody, since a schema that may be used
-- offers them to everybody by itself, and some run as the owner.
revoke execute on all functions in schema heartline from public;
grant usage on schema heartline to heartline_reader;
grant execute on function heartline.as_jsonb(bytea) to heartline_reader;
do $$
declare
    one text;
begin
    for one in select viewname from pg_views where schemaname = 'heartline' loop
        execute format('grant select on heartline.%I to heartline_reader', one);
    end loop;
end
$$;
