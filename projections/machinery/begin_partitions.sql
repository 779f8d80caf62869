-- Let every generation begin in every partition: called once the ledger has its partitions.
create function heartline.begin_partitions() returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
    insert into heartline_projections.offsets
        select h.partition, g.projection, g.generation, 0
        from heartline.heads h cross join heartline_projections.generations g
        on conflict do nothing
$$;
