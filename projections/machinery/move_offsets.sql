-- Move the offsets of some generations, which are held, to how far partitions were folded, in the transaction that writes
-- the rows. One that is further stays where it is.
create function heartline.move_offsets(
    in_projections text[], in_generations integer[], in_partitions integer[], in_positions bigint[]
) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    update heartline_projections.offsets o set position = folded.position
    from unnest(in_projections, in_generations) as held (projection, generation),
        unnest(in_partitions, in_positions) as folded (partition, position)
    where o.partition = folded.partition and o.projection = held.projection and o.generation = held.generation
        and o.position < folded.position
$$;
