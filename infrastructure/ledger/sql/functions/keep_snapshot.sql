-- Keep a snapshot of a stream; one that is there already stays.
create function heartline.keep_snapshot(in_partition integer, in_stream uuid, in_version bigint, in_type text, in_payload bytea)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into heartline.snapshots values (in_partition, in_stream, in_version, in_type, in_payload) on conflict do nothing;
    return found;
end
$$;
