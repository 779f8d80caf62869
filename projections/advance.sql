-- Claim the events after `from_position` up to `to_position` for a projection. False if another did so meanwhile; else the
-- offset moves in the transaction that writes the rows.
create function heartline.advance(in_partition integer, in_projection text, from_position bigint, to_position bigint)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if from_position = 0 then
        insert into heartline.projection_offsets values (in_partition, in_projection, to_position) on conflict do nothing;
    else
        update heartline.projection_offsets o set position = to_position
            where o.partition = in_partition and o.projection = in_projection and o.position = from_position;
    end if;
    return found;
end
$$;
