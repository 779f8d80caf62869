-- Make the empty tables of a projection's next generation, without indexes beside their keys, and what writes to them; give
-- its number. If one of this version is being filled already, give that one's; one of another version is dropped. A
-- projection that was not taken in is refused.
create function heartline.begin_generation(in_projection text, in_version integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    number integer;
    known record;
    one text;
begin
    perform from heartline_projections.tables where projection = in_projection;
    if not found then
        raise exception 'heartline: there is no projection %', in_projection;
    end if;
    perform pg_advisory_xact_lock(hashtext('heartline.generation.' || in_projection));
    select * into known from heartline_projections.generations where projection = in_projection and state = 'filling';
    if found and known.version = in_version then
        return known.generation;
    elsif found then
        perform heartline.drop_generation(in_projection, known.generation);
    end if;
    select coalesce(max(generation), 0) + 1 into number from heartline_projections.generations where projection = in_projection;
    for one in select name from heartline_projections.tables where projection = in_projection loop
        execute format(
            'create table heartline_projections.%I (like heartline_projections.%I including all excluding indexes) %s',
            one || '_' || number, one || '_0',
            (select 'with (' || array_to_string(reloptions, ', ') || ')' from pg_class
             where oid = format('heartline_projections.%I', one || '_0')::regclass)
        );
        execute format(
            'alter table heartline_projections.%I add constraint %I %s', one || '_' || number, one || '_' || number || '_key',
            (select pg_get_constraintdef(oid) from pg_constraint
             where conrelid = format('heartline_projections.%I', one || '_0')::regclass and contype = 'p')
        );
        perform heartline.make_writer(one, number);
        if exists (select from pg_roles where rolname = 'heartline_service') then
            execute format('grant select on heartline_projections.%I to heartline_service', one || '_' || number);
        end if;
    end loop;
    insert into heartline_projections.generations (projection, generation, version, state)
        values (in_projection, number, in_version, 'filling');
    insert into heartline_projections.offsets select partition, in_projection, number, 0 from heartline.heads;
    return number;
end
$$;
