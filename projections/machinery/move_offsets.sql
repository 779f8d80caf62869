-- Move offsets that are held, in the transaction that writes the rows.
create function heartline.move_offsets(
    in_projections text[], in_generations integer[], in_partitions integer[], in_positions bigint[]
) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    update heartline_projections.offsets o set position = moved.position
    from unnest(in_projections, in_generations, in_partitions, in_positions)
        as moved (projection, generation, partition, position)
    where o.partition = moved.partition and o.projection = moved.projection and o.generation = moved.generation
$$;
