-- Give the offsets of the live generations of some projections (or of those that are filled), and hold them until the
-- transaction ends: whoever else folds these partitions into them waits, and then goes on from where this one came to.
-- Its commit does not wait for the disk: what a crash takes of rows it takes of offsets too, and it is folded again.
create function heartline.hold_offsets(in_projections text[], in_state text, in_partitions integer[])
returns table (projection text, generation integer, version integer, partition integer, reached bigint)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    select set_config('synchronous_commit', 'off', true);
    select o.projection, o.generation, g.version, o.partition, o.position
    from heartline_projections.generations g
    join heartline_projections.offsets o on o.projection = g.projection and o.generation = g.generation
    where g.state = in_state and g.projection = any (in_projections) and o.partition = any (in_partitions)
    order by o.projection, o.partition
    for share of g for no key update of o
$$;
