-- Note events that folds could not take.
create function heartline.set_events_aside(
    in_partitions integer[], in_positions bigint[], in_projections text[], in_generations integer[], in_errors text[]
) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    insert into heartline_projections.set_aside
        select * from unnest(in_partitions, in_positions, in_projections, in_generations, in_errors)
        on conflict do nothing
$$;
