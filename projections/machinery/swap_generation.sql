-- Let the generation that was filled take over from the live one, whose tables go. False, and nothing is changed, if it is
-- behind it in a partition, or if it is not being filled any more. Waits for those who fold, and briefly for readers.
create function heartline.swap_generation(in_projection text, in_generation integer) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    old integer;
    one text;
begin
    perform from heartline_projections.generations where projection = in_projection order by generation for update;
    perform from heartline_projections.generations
        where projection = in_projection and generation = in_generation and state = 'filling';
    if not found then
        return false;
    end if;
    select generation into old from heartline_projections.generations where projection = in_projection and state = 'live';
    perform from heartline_projections.offsets l
        join heartline_projections.offsets f using (partition, projection)
        where projection = in_projection and l.generation = old and f.generation = in_generation and f.position < l.position;
    if found then
        return false;
    end if;
    for one in select name from heartline_projections.tables where projection = in_projection loop
        execute format(
            'create or replace view heartline_projections.%I as select * from heartline_projections.%I',
            one, one || '_' || in_generation
        );
        if exists (select from pg_roles where rolname = 'heartline_service') then
            execute format('grant select on heartline_projections.%I to heartline_service', one);
        end if;
    end loop;
    update heartline_projections.generations set state = 'replaced' where projection = in_projection and generation = old;
    update heartline_projections.generations set state = 'live', live_at = now()
        where projection = in_projection and generation = in_generation;
    if old is not null then
        perform heartline.drop_generation(in_projection, old);
    end if;
    return true;
end
$$;
