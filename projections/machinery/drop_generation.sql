-- Drop a generation that is not the live one: its tables, its offsets, what its fold remembered and what it set aside.
-- One that there is not is refused: the tables of "generation 0" are the shapes.
create function heartline.drop_generation(in_projection text, in_generation integer) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    one text;
begin
    perform from heartline_projections.generations where projection = in_projection and generation = in_generation;
    if not found then
        raise exception 'heartline: there is no generation % of %', in_generation, in_projection;
    end if;
    perform from heartline_projections.generations
        where projection = in_projection and generation = in_generation and state = 'live';
    if found then
        raise exception 'heartline: generation % of % is live', in_generation, in_projection;
    end if;
    for one in select name from heartline_projections.tables where projection = in_projection loop
        execute format('drop function heartline_projections.%I', 'write_' || one || '_' || in_generation);
        execute format('drop table heartline_projections.%I', one || '_' || in_generation);
    end loop;
    delete from heartline_projections.offsets where projection = in_projection and generation = in_generation;
    delete from heartline_projections.memories where projection = in_projection and generation = in_generation;
    delete from heartline_projections.set_aside where projection = in_projection and generation = in_generation;
    delete from heartline_projections.generations where projection = in_projection and generation = in_generation;
end
$$;
