-- Write the contexts of a batch, as jsonb records, together with the offset.
create function heartline.apply_contexts(in_partition integer, from_position bigint, to_position bigint, in_rows jsonb)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not heartline.advance(in_partition, 'contexts', from_position, to_position) then
        return false;
    end if;
    insert into heartline.contexts
        select given.* from jsonb_populate_recordset(null::heartline.contexts, in_rows) as given;
    return true;
end
$$;
