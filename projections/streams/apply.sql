-- Write the rows that a batch came to, as jsonb records, together with the offset.
create function heartline.apply_streams(in_partition integer, from_position bigint, to_position bigint, in_rows jsonb)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not heartline.advance(in_partition, 'streams', from_position, to_position) then
        return false;
    end if;
    insert into heartline.streams
        select given.* from jsonb_populate_recordset(null::heartline.streams, in_rows) as given
        on conflict (partition, stream) do update set
            session_id = excluded.session_id, phase = excluded.phase, events = excluded.events,
            first_at = excluded.first_at, last_at = excluded.last_at;
    return true;
end
$$;
