-- Keep what folds remember of streams; what is null is forgotten.
create function heartline.keep_memories(
    in_partitions integer[], in_streams uuid[], in_projections text[], in_generations integer[], in_memories bytea[]
) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    delete from heartline_projections.memories m
    using unnest(in_partitions, in_streams, in_projections, in_generations, in_memories) as one (p, s, n, g, memory)
    where one.memory is null and m.partition = one.p and m.stream = one.s and m.projection = one.n and m.generation = one.g;
    insert into heartline_projections.memories
        select * from unnest(in_partitions, in_streams, in_projections, in_generations, in_memories) as one (p, s, n, g, memory)
        where one.memory is not null
        on conflict (partition, stream, projection, generation) do update set memory = excluded.memory
$$;
