drop function heartline.apply_streams, heartline.apply_sightings, heartline.apply_contexts, heartline.advance;
drop table heartline.streams, heartline.sightings, heartline.contexts, heartline.projection_offsets;

-- Where the rows of read models lie. People read the views in schema `heartline` instead.
create schema heartline_projections;

-- The tables of read models. The shape of a table is `<name>_0`, which stays empty; the rows of generation n are in
-- `<name>_<n>`, and the view `<name>` shows those of the live one. `on_conflict` is what a row that is written again does.
create table heartline_projections.tables (
    name text primary key,
    projection text not null,
    on_conflict text not null
);

-- The generations of each projection: one is live, and at most one more is filled beside it. `version` is of the fold that
-- writes its rows.
create table heartline_projections.generations (
    projection text not null,
    generation integer not null,
    version integer not null,
    state text not null check (state in ('filling', 'live', 'replaced')),
    begun_at timestamptz not null default now(),
    live_at timestamptz,
    primary key (projection, generation)
);

-- Of each projection one generation is live and one is filled, at most.
create unique index one_generation_of_each_state on heartline_projections.generations (projection, state);

-- How far each generation has folded each partition: everything up to `position` is in its rows, and nothing after.
create table heartline_projections.offsets (
    partition integer not null,
    projection text not null,
    generation integer not null,
    position bigint not null,
    primary key (partition, projection, generation)
);

-- What a fold has to remember of a stream from one event to the next, as the fold itself writes it.
create table heartline_projections.memories (
    partition integer not null,
    stream uuid not null,
    projection text not null,
    generation integer not null,
    memory bytea not null,
    primary key (partition, stream, projection, generation)
);

-- Events that a fold could not take. The others went on without them; a rebuild tries them again.
create table heartline_projections.set_aside (
    partition integer not null,
    position bigint not null,
    projection text not null,
    generation integer not null,
    error text not null,
    primary key (partition, position, projection, generation)
);

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

-- Make the function that writes rows to one table of a generation. A row whose key is there already replaces it where
-- `in_replace` says so. Each table has its own, since a statement that names its table is planned once a connection.
create function heartline.make_writer(in_table text, in_generation integer) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
    target text := in_table || '_' || in_generation;
    writer text := 'write_' || target;
begin
    execute format(
        'create function heartline_projections.%I(in_rows heartline_projections.%I[], in_replace boolean) returns void '
            'language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as %L',
        writer, target, (
            select format(
                'begin if in_replace then insert into heartline_projections.%1$I select r.* from unnest(in_rows) as r %2$s; '
                    'else insert into heartline_projections.%1$I select r.* from unnest(in_rows) as r; end if; end',
                target, on_conflict
            ) from heartline_projections.tables where name = in_table
        )
    );
    execute format('revoke all on function heartline_projections.%I from public', writer);
    if exists (select from pg_roles where rolname = 'heartline_service') then
        execute format('grant execute on function heartline_projections.%I to heartline_service', writer);
    end if;
end
$$;

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

-- Make the indexes of one table of a generation that it does not have yet, as its shape has them.
create function heartline.build_indexes(in_table text, in_generation integer) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    shape text := in_table || '_0';
    target text := in_table || '_' || in_generation;
    one record;
begin
    if not exists (select from heartline_projections.tables where name = in_table) then
        raise exception 'heartline: there is no read model''s table %', in_table;
    end if;
    for one in
        select replace(i.indexname, shape, target) as name, replace(i.indexdef, shape, target) as definition
        from pg_indexes i join pg_class c on c.relname = i.indexname and c.relnamespace = 'heartline_projections'::regnamespace
        join pg_index x on x.indexrelid = c.oid and not x.indisprimary
        where i.schemaname = 'heartline_projections' and i.tablename = shape
    loop
        if to_regclass(format('heartline_projections.%I', one.name)) is null then
            execute one.definition;
        end if;
    end loop;
    execute format('analyze heartline_projections.%I', target);
end
$$;

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

-- Take in a projection whose tables' shapes were made, and begin its first generation, which is live at once.
create function heartline.register_projection(in_projection text, in_version integer, in_tables text[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
    one text;
    first integer;
begin
    foreach one in array in_tables loop
        insert into heartline_projections.tables values (one, in_projection, (
            select format('on conflict (%s) do update set %s',
                string_agg(quote_ident(a.attname), ', ' order by a.attnum) filter (where a.attnum = any (k.conkey)),
                string_agg(format('%1$I = excluded.%1$I', a.attname), ', ') filter (where a.attnum <> all (k.conkey)))
            from pg_attribute a join pg_constraint k on k.conrelid = a.attrelid and k.contype = 'p'
            where a.attrelid = format('heartline_projections.%I', one || '_0')::regclass and a.attnum > 0 and not a.attisdropped
        ));
    end loop;
    first := heartline.begin_generation(in_projection, in_version);
    foreach one in array in_tables loop
        perform heartline.build_indexes(one, first);
    end loop;
    perform heartline.swap_generation(in_projection, first);
end
$$;

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

-- Let every generation begin in every partition: called once the ledger has its partitions.
create function heartline.begin_partitions() returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
    insert into heartline_projections.offsets
        select h.partition, g.projection, g.generation, 0
        from heartline.heads h cross join heartline_projections.generations g
        on conflict do nothing
$$;

-- Projections for people: how far each generation is.
create view heartline.projections as
    select g.projection, g.generation, g.version, g.state, reached.folded, reached.lag, aside.set_aside, g.begun_at, g.live_at
    from heartline_projections.generations g
    cross join lateral (
        select coalesce(sum(o.position), 0)::bigint as folded,
            coalesce(sum(greatest(coalesce(log.position, 0) - o.position, 0)), 0)::bigint as lag
        from heartline_projections.offsets o
        left join lateral (
            select e.position from heartline.events e where e.partition = o.partition order by e.position desc limit 1
        ) log on true
        where o.projection = g.projection and o.generation = g.generation
    ) reached
    cross join lateral (
        select count(*) as set_aside from heartline_projections.set_aside s
        where s.projection = g.projection and s.generation = g.generation
    ) aside;
comment on view heartline.projections is
    'How far each read model is: its live generation, and the one that is filled beside it where one is.';
comment on column heartline.projections.projection is 'Which read model.';
comment on column heartline.projections.generation is 'The number of the generation: each rebuild fills the next.';
comment on column heartline.projections.version is 'The version of the fold that fills it.';
comment on column heartline.projections.state is 'live (what is read) or filling.';
comment on column heartline.projections.folded is 'How many events of the ledger lie behind it.';
comment on column heartline.projections.lag is
    'How many events of the ledger lie before it. A question folds them first.';
comment on column heartline.projections.set_aside is 'How many events its fold could not take.';
comment on column heartline.projections.begun_at is 'When it was begun.';
comment on column heartline.projections.live_at is 'When it took over; null while it is filled.';

-- One row a stream: which engine it is of, and what it came to. Times in microseconds since the Unix epoch.
-- `position` and `opened_at` are of its first event.
create table heartline_projections.engines_0 (
    partition bigint not null,
    stream uuid not null,
    gateway text not null,
    engine_key text not null,
    routing_key text not null,
    agent text,
    kind text not null,
    version bigint not null,
    phase text not null,
    session_id text,
    tick_id text,
    entries bigint not null,
    contexts bigint not null,
    context_tokens bigint,
    budget bigint,
    turns bigint not null,
    overflows bigint not null,
    compactions bigint not null,
    anomalies bigint not null,
    first_at bigint not null,
    last_at bigint not null,
    position bigint not null,
    opened_at bigint not null,
    primary key (partition, stream)
);

-- Engines are listed newest first, page by page.
create index engines_0_by_time on heartline_projections.engines_0 (opened_at, partition, position);

-- Those of a gateway, newest first.
create index engines_0_by_gateway on heartline_projections.engines_0 (gateway, opened_at, partition, position);

-- Those of an engine key, newest first. Keys are of any length, an index entry is not: they are looked up by their hash.
create index engines_0_by_engine_key on heartline_projections.engines_0
    (hashtextextended(engine_key, 0), opened_at, partition, position);

-- Those of a routing key, newest first.
create index engines_0_by_routing_key on heartline_projections.engines_0
    (hashtextextended(routing_key, 0), opened_at, partition, position);

-- Those of an agent, newest first; its name is part of a key, and so of any length.
create index engines_0_by_agent on heartline_projections.engines_0
    (hashtextextended(agent, 0), opened_at, partition, position);

-- The sessions and ticks that an engine was told of, with the version at which it was: some come more than once. Only their
-- number is asked for, so digests of their ids do.
create table heartline_projections.appearances_0 (
    partition bigint not null,
    stream uuid not null,
    version bigint not null,
    tick boolean not null,
    name bytea not null,
    primary key (partition, stream, version)
);

-- Where an engine stood at a version, every so many events. They keep `state` fast on long streams, can be deleted at any
-- time, and are made again by a rebuild.
create table heartline_projections.standings_0 (
    partition bigint not null,
    stream uuid not null,
    version bigint not null,
    latest_at bigint not null,
    standing bytea not null,
    primary key (partition, stream, version)
);

-- Take in the projection with its first generation.
select heartline.register_projection('engines', 1, array['engines', 'appearances', 'standings']);

-- Engines for people.
create view heartline.engines as
    select gateway, engine_key, routing_key, agent, kind, phase, version as events, session_id, tick_id, entries, contexts,
        context_tokens, budget, turns, overflows, compactions, anomalies,
        to_timestamp(opened_at / 1000000.0) as opened_at, to_timestamp(first_at / 1000000.0) as first_at,
        to_timestamp(last_at / 1000000.0) as last_at, partition || '-' || position as opened_by
    from heartline_projections.engines;
comment on view heartline.engines is 'What each engine came to: one row for each engine key of each gateway.';
comment on column heartline.engines.gateway is 'The host installation.';
comment on column heartline.engines.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.engines.routing_key is 'The stable key that delivery and wake-ups hang on.';
comment on column heartline.engines.agent is 'The agent that the key names; null where it names none.';
comment on column heartline.engines.kind is 'main, heartbeat, heartbeat-run, subagent, cron, global or other.';
comment on column heartline.engines.phase is
    'Where the engine stands: fresh, idle, in-turn, overflowed, compacting or closed.';
comment on column heartline.engines.events is 'How many events its stream has, which is its version.';
comment on column heartline.engines.session_id is 'The session that it was last in.';
comment on column heartline.engines.tick_id is 'The tick that runs; null where none does.';
comment on column heartline.engines.entries is 'How many entries its stream holds.';
comment on column heartline.engines.contexts is 'How many contexts it assembled.';
comment on column heartline.engines.context_tokens is 'Tokens of its last assembled context, as it estimated them.';
comment on column heartline.engines.budget is 'Tokens that its last context could have.';
comment on column heartline.engines.turns is 'How many turns were committed.';
comment on column heartline.engines.overflows is 'How many contexts were too large for the model.';
comment on column heartline.engines.compactions is 'How many compactions were completed.';
comment on column heartline.engines.anomalies is 'How many observed facts broke a rule.';
comment on column heartline.engines.opened_at is 'When its first event happened.';
comment on column heartline.engines.first_at is 'The least time of any of its events.';
comment on column heartline.engines.last_at is 'The latest time of any of its events.';
comment on column heartline.engines.opened_by is 'The id of its first event.';

-- The sessions that each engine key was with, over time: one row from the first event of a session to the last before
-- another's. A session that comes again gets another row. `position` is of the first event; `heartbeat` says whether an
-- event of it was told to be of a heartbeat, null where nothing was told; times in microseconds since the Unix epoch.
create table heartline_projections.keys_0 (
    partition bigint not null,
    position bigint not null,
    gateway text not null,
    routing_key text not null,
    engine_key text not null,
    agent text,
    kind text not null,
    session_id text not null,
    transcript text,
    heartbeat boolean,
    first_version bigint not null,
    last_version bigint not null,
    first_at bigint not null,
    last_at bigint not null,
    events bigint not null,
    primary key (partition, position)
);

-- Periods are listed newest first, page by page.
create index keys_0_by_time on heartline_projections.keys_0 (first_at, partition, position);

-- Those of a gateway, newest first.
create index keys_0_by_gateway on heartline_projections.keys_0 (gateway, first_at, partition, position);

-- Those of an engine key, newest first. Keys are of any length, an index entry is not: they are looked up by their hash.
create index keys_0_by_engine_key on heartline_projections.keys_0
    (hashtextextended(engine_key, 0), first_at, partition, position);

-- Those of a routing key, newest first.
create index keys_0_by_routing_key on heartline_projections.keys_0
    (hashtextextended(routing_key, 0), first_at, partition, position);

-- Those of an agent, newest first; its name is part of a key, and so of any length.
create index keys_0_by_agent on heartline_projections.keys_0
    (hashtextextended(agent, 0), first_at, partition, position);

-- Those of a session, newest first.
create index keys_0_by_session_id on heartline_projections.keys_0
    (hashtextextended(session_id, 0), first_at, partition, position);

-- Take in the projection with its first generation.
select heartline.register_projection('keys', 1, array['keys']);

-- Keys for people.
create view heartline.keys as
    select gateway, routing_key, engine_key, agent, kind, session_id, transcript, heartbeat,
        to_timestamp(first_at / 1000000.0) as first_at, to_timestamp(last_at / 1000000.0) as last_at, events,
        first_version, last_version, partition || '-' || position as first_event
    from heartline_projections.keys;
comment on view heartline.keys is
    'Which routing key, engine key, session and transcript belonged together: one row for each period in which an '
    'engine key was with a session, until another session''s event.';
comment on column heartline.keys.gateway is 'The host installation.';
comment on column heartline.keys.routing_key is 'The stable key that delivery and wake-ups hang on.';
comment on column heartline.keys.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.keys.agent is 'The agent that the key names; null where it names none.';
comment on column heartline.keys.kind is 'main, heartbeat, heartbeat-run, subagent, cron, global or other.';
comment on column heartline.keys.session_id is 'The host''s transcript; fresh for every isolated tick.';
comment on column heartline.keys.transcript is
    'Where the host keeps the session''s messages, as it last said; null where it did not.';
comment on column heartline.keys.heartbeat is
    'Whether the host called any of it a heartbeat; null where it did not say.';
comment on column heartline.keys.first_at is 'When the period''s first event happened.';
comment on column heartline.keys.last_at is 'The latest time of any event of the period.';
comment on column heartline.keys.events is 'How many events of the period name the session.';
comment on column heartline.keys.first_version is 'The version of the period''s first event in its stream.';
comment on column heartline.keys.last_version is 'The version of the period''s last event in its stream.';
comment on column heartline.keys.first_event is 'The id of the period''s first event.';

-- One row a turn, known by the event that began it. Context tokens are estimated (of its first context, of the largest, of its
-- last), billed tokens are as the provider reported them. What was submitted in it stands in `contexts`. Times in microseconds
-- since the Unix epoch.
create table heartline_projections.turns_0 (
    partition bigint not null,
    position bigint not null,
    stream uuid not null,
    gateway text not null,
    engine_key text not null,
    routing_key text not null,
    agent text,
    session_id text not null,
    turn_id text not null,
    tick_id text,
    heartbeat boolean,
    outcome text not null,
    attempts bigint not null,
    first_call bigint,
    last_call bigint,
    context_tokens_start bigint,
    context_tokens_peak bigint,
    assembled_tokens bigint,
    budget bigint,
    billed_input bigint,
    billed_output bigint,
    billed_cache_read bigint,
    billed_cache_write bigint,
    billed_tokens bigint,
    tools text[] not null,
    tool_counts bigint[] not null,
    overflows bigint not null,
    compactions bigint not null,
    started_at bigint not null,
    ended_at bigint,
    primary key (partition, position)
);

-- Turns are listed by their beginning, the newest first.
create index turns_0_by_time on heartline_projections.turns_0 (started_at, partition, position);

-- Turns of a gateway are listed by their time.
create index turns_0_by_gateway on heartline_projections.turns_0 (gateway, started_at, partition, position);

-- Turns of a routing key are listed by their beginning. (Keys are of any length, an index entry is not.)
create index turns_0_by_routing_key on heartline_projections.turns_0
    (hashtextextended(routing_key, 0), started_at, partition, position);

-- Turns of an engine key are listed by their beginning. (Keys are of any length, an index entry is not.)
create index turns_0_by_engine_key on heartline_projections.turns_0
    (hashtextextended(engine_key, 0), started_at, partition, position);

-- Turns of an agent are listed by their beginning. (Names are of any length, an index entry is not.)
create index turns_0_by_agent on heartline_projections.turns_0
    (hashtextextended(agent, 0), started_at, partition, position);

-- The turns of a tick that does not share its session are those of the session, and else those that began while it ran.
create index turns_0_by_session on heartline_projections.turns_0
    (partition, stream, hashtextextended(session_id, 0), started_at);

-- The turns of a tick that shares its session are those that name it.
create index turns_0_by_tick on heartline_projections.turns_0 (partition, stream, hashtextextended(tick_id, 0))
    where tick_id is not null;

-- Take in the projection with its first generation.
select heartline.register_projection('turns', 1, array['turns']);

-- Turns for people.
create view heartline.turns as
    select turn_id, gateway, routing_key, engine_key, agent, session_id, tick_id, heartbeat, outcome, attempts, first_call,
        last_call, context_tokens_start, context_tokens_peak, assembled_tokens, budget, billed_input, billed_output,
        billed_cache_read, billed_cache_write, billed_tokens, tools, tool_counts, overflows, compactions,
        to_timestamp(started_at / 1000000.0) as started_at, to_timestamp(ended_at / 1000000.0) as ended_at,
        partition || '-' || position as event_id
    from heartline_projections.turns;
comment on view heartline.turns is 'Every turn: one admitted prompt up to its accepted reply, or its failure.';
comment on column heartline.turns.turn_id is 'The host''s logical turn, else the delivery id of its first prompt.';
comment on column heartline.turns.gateway is 'The host installation.';
comment on column heartline.turns.routing_key is 'The stable key that delivery and wake-ups hang on.';
comment on column heartline.turns.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.turns.agent is 'The agent that the key names; null where it names none.';
comment on column heartline.turns.session_id is 'The session that it is of.';
comment on column heartline.turns.tick_id is 'The tick that it is of; null where its own stream does not tell.';
comment on column heartline.turns.heartbeat is 'Whether the host called it a heartbeat; null where it did not say.';
comment on column heartline.turns.outcome is
    'committed, failed, open (it goes on) or abandoned (another turn began while it was open).';
comment on column heartline.turns.attempts is 'How many attempts it took.';
comment on column heartline.turns.first_call is 'The number of its first assembled context in its stream.';
comment on column heartline.turns.last_call is 'The number of its last assembled context in its stream.';
comment on column heartline.turns.context_tokens_start is 'Tokens of its first context, estimated.';
comment on column heartline.turns.context_tokens_peak is 'Tokens of its largest context, estimated.';
comment on column heartline.turns.assembled_tokens is 'Tokens of its last context, estimated.';
comment on column heartline.turns.budget is 'Tokens that its last context could have.';
comment on column heartline.turns.billed_input is 'Tokens of input, as the provider reported them.';
comment on column heartline.turns.billed_output is 'Tokens of output, as the provider reported them.';
comment on column heartline.turns.billed_cache_read is
    'Tokens that were read from the provider''s cache, as it reported them.';
comment on column heartline.turns.billed_cache_write is
    'Tokens that were written to the provider''s cache, as it reported them.';
comment on column heartline.turns.billed_tokens is 'All tokens that were billed; null where nothing was reported.';
comment on column heartline.turns.tools is 'The names of the tools that it called.';
comment on column heartline.turns.tool_counts is 'How often it called each of them.';
comment on column heartline.turns.overflows is 'How many of its contexts were too large for the model.';
comment on column heartline.turns.compactions is 'How many compactions were completed in it.';
comment on column heartline.turns.started_at is 'When it began.';
comment on column heartline.turns.ended_at is 'When it ended; null while it goes on.';
comment on column heartline.turns.event_id is 'The id of the event that began it.';

-- One row a tick, dispatched or skipped, in the stream of its routing key. `engine` is the stream in which its turns lie;
-- `isolated` is null where its own stream does not tell. Times in microseconds since the Unix epoch.
create table heartline_projections.ticks_0 (
    partition bigint not null,
    position bigint not null,
    stream uuid not null,
    tick_id text not null,
    gateway text not null,
    routing_key text not null,
    agent text,
    engine_key text,
    engine uuid,
    session_id text,
    isolated boolean,
    source text,
    reason text,
    at bigint not null,
    dispatched_at bigint,
    settled_at bigint,
    outcome text,
    skip_reason text,
    primary key (partition, position)
);

-- Ticks are listed by their time, the newest first.
create index ticks_0_by_time on heartline_projections.ticks_0 (at, partition, position);

-- Ticks of a gateway are listed by their time.
create index ticks_0_by_gateway on heartline_projections.ticks_0 (gateway, at, partition, position);

-- Ticks of a routing key are listed by their time. (Keys are of any length, an index entry is not.)
create index ticks_0_by_routing_key on heartline_projections.ticks_0 (hashtextextended(routing_key, 0), at, partition, position);

-- Ticks of an engine key are listed by their time. (Keys are of any length, an index entry is not.)
create index ticks_0_by_engine_key on heartline_projections.ticks_0 (hashtextextended(engine_key, 0), at, partition, position);

-- Ticks of an agent are listed by their time. (Names are of any length, an index entry is not.)
create index ticks_0_by_agent on heartline_projections.ticks_0 (hashtextextended(agent, 0), at, partition, position);

-- The tick that a turn belongs to is found by its session, unless the turn names it: a tick that was dispatched in another
-- stream, or has its session for itself. (A session that ticks share in their own stream may have any number of them.)
create index ticks_0_by_session on heartline_projections.ticks_0 (engine, hashtextextended(session_id, 0), at)
    where engine <> stream or isolated;

-- Take in the projection with its first generation.
select heartline.register_projection('ticks', 1, array['ticks']);

-- Ticks for people.
create view heartline.ticks as
    select tick_id, gateway, routing_key, engine_key, agent, session_id, isolated, source, reason,
        to_timestamp(at / 1000000.0) as at, to_timestamp(dispatched_at / 1000000.0) as dispatched_at,
        to_timestamp(settled_at / 1000000.0) as settled_at, outcome, skip_reason, partition || '-' || position as event_id
    from heartline_projections.ticks;
comment on view heartline.ticks is 
    'Every tick, dispatched or skipped. Its turns are those of turns with its tick_id, or its gateway, engine_key and session_id where it is isolated. (`heartline ticks` has the whole receipts.)';
comment on column heartline.ticks.tick_id is 'Its id, of routing key and session.';
comment on column heartline.ticks.gateway is 'The host installation.';
comment on column heartline.ticks.routing_key is 'The stable key that delivery and wake-ups hang on.';
comment on column heartline.ticks.engine_key is 'The identity of its context state; null where it was skipped.';
comment on column heartline.ticks.agent is 'The agent that the key names; null where it names none.';
comment on column heartline.ticks.session_id is 'The session that it ran in; null where it was skipped.';
comment on column heartline.ticks.isolated is
    'Whether it has its session for itself; null where its own stream does not tell.';
comment on column heartline.ticks.source is
    'What it was due for: interval, wake, exec, cron or manual; null where that can''t be told.';
comment on column heartline.ticks.reason is 'Why it ran, in the host''s words.';
comment on column heartline.ticks.at is 'When it was dispatched or skipped.';
comment on column heartline.ticks.dispatched_at is 'When it was dispatched; null where it was skipped.';
comment on column heartline.ticks.settled_at is 'When it ended; null where that is not on record.';
comment on column heartline.ticks.outcome is 'What it came to; null where that is not on record.';
comment on column heartline.ticks.skip_reason is 'Why it was skipped.';
comment on column heartline.ticks.event_id is 'The id of the event that dispatched or skipped it.';

-- Each context of a stream, the `number`-th of its basis: where it is recorded, what its tokens go to, and which entries it
-- holds (`ranges`: pairs of first and last; null where there are too many). `turn_position` is the place of its turn in `turns`.
-- Times in microseconds since the Unix epoch.
create table heartline_projections.contexts_0 (
    partition bigint not null,
    stream uuid not null,
    basis text not null,
    number bigint not null,
    version bigint not null,
    position bigint not null,
    gateway text not null,
    engine_key text not null,
    routing_key text not null,
    agent text,
    session_id text not null,
    turn_position bigint,
    attempt bigint,
    model text,
    entries bigint not null,
    tokens bigint,
    budget bigint,
    history bigint,
    summary bigint,
    this_turn bigint,
    system bigint,
    tools bigint,
    unattributed bigint,
    ranges bigint[],
    occurred_at bigint not null,
    primary key (partition, stream, basis, number)
);

-- Contexts are listed by their time, the newest first.
create index contexts_0_by_time on heartline_projections.contexts_0 (occurred_at, partition, position);

-- Those of a gateway, newest first.
create index contexts_0_by_gateway on heartline_projections.contexts_0 (gateway, occurred_at, partition, position);

-- Contexts of a routing key are listed by their time. (Keys are of any length, an index entry is not.)
create index contexts_0_by_routing_key on heartline_projections.contexts_0
    (hashtextextended(routing_key, 0), occurred_at, partition, position);

-- Contexts of an engine key are listed by their time. (Keys are of any length, an index entry is not.)
create index contexts_0_by_engine_key on heartline_projections.contexts_0
    (hashtextextended(engine_key, 0), occurred_at, partition, position);

-- Contexts of an agent are listed by their time. (Names are of any length, an index entry is not.)
create index contexts_0_by_agent on heartline_projections.contexts_0
    (hashtextextended(agent, 0), occurred_at, partition, position);

-- Take in the projection with its first generation.
select heartline.register_projection('contexts', 1, array['contexts']);

-- Contexts for people.
create view heartline.contexts as
    select gateway, engine_key, routing_key, agent, basis, number, session_id,
        (select t.turn_id from heartline_projections.turns t where t.partition = c.partition and t.position = c.turn_position) as turn_id,
        partition || '-' || turn_position as turn_event_id, attempt, model, entries, tokens, budget,
        history, summary, this_turn, system, tools, unattributed, to_timestamp(occurred_at / 1000000.0) as occurred_at, version,
        partition || '-' || position as event_id
    from heartline_projections.contexts c;
comment on view heartline.contexts is
    'Every context that an engine assembled or that the model received, and what its tokens go to (estimated).';
comment on column heartline.contexts.gateway is 'The host installation.';
comment on column heartline.contexts.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.contexts.routing_key is 'The stable key that delivery and wake-ups hang on.';
comment on column heartline.contexts.agent is 'The agent that the key names; null where it names none.';
comment on column heartline.contexts.basis is 'assembled (what the engine answered) or submitted (what the model received).';
comment on column heartline.contexts.number is 'Its number among the contexts of its stream and basis, from 1.';
comment on column heartline.contexts.session_id is 'The session that it was made for.';
comment on column heartline.contexts.turn_id is 'The turn that it was assembled for, as turns has it; null for a submitted one.';
comment on column heartline.contexts.turn_event_id is
    'The event_id that this turn has in turns: to join on. null for a submitted one.';
comment on column heartline.contexts.attempt is 'The attempt at that turn, from 1; null for a submitted one.';
comment on column heartline.contexts.model is 'The model that it was for; null where nobody said.';
comment on column heartline.contexts.entries is 'How many entries it holds.';
comment on column heartline.contexts.tokens is 
    'Tokens in all: of an assembled one as its engine estimated, of a submitted one with system and tools; null where nobody said.';
comment on column heartline.contexts.budget is 'Tokens that it could have; null where nobody said.';
comment on column heartline.contexts.history is 'Tokens of what was said before this turn.';
comment on column heartline.contexts.summary is 'Tokens of summaries.';
comment on column heartline.contexts.this_turn is 'Tokens of this turn''s own entries and prompt.';
comment on column heartline.contexts.system is 'Tokens of the system prompt; null where it is not on record.';
comment on column heartline.contexts.tools is 'Tokens of tool definitions; null where they are not on record.';
comment on column heartline.contexts.unattributed is 
    'Tokens that its engine counted beyond our estimate of what it holds, never less than 0; null where either is unknown.';
comment on column heartline.contexts.occurred_at is 'When it was made.';
comment on column heartline.contexts.version is 'The version of its event in its stream.';
comment on column heartline.contexts.event_id is 'The id of its event.';

-- Each compaction of a stream, the `number`-th: what was asked for, what the engine claimed, which contexts lie around it, and
-- which entries its summary replaced (`replaced`: pairs of first and last; null where it is not known). `turn_position` is the
-- place of its turn in `turns`. Times in microseconds since the Unix epoch.
create table heartline_projections.compactions_0 (
    partition bigint not null,
    stream uuid not null,
    number bigint not null,
    version bigint not null,
    position bigint not null,
    gateway text not null,
    engine_key text not null,
    routing_key text not null,
    agent text,
    session_id text not null,
    tick_id text,
    turn_position bigint,
    trigger text,
    target text,
    forced boolean not null,
    budget bigint,
    instructions bigint,
    outcome text not null,
    reason text,
    tokens_before bigint,
    tokens_after bigint,
    claimed_reclaim bigint,
    context_before bigint,
    context_after bigint,
    context_tokens_before bigint,
    context_tokens_after bigint,
    actual_reclaim bigint,
    freed_nothing boolean,
    summary bigint,
    summary_entry bigint,
    kept_from bigint,
    first_kept text,
    replaced bigint[],
    replaced_entries bigint,
    started_at bigint not null,
    ended_at bigint,
    ended_version bigint,
    ended_position bigint,
    primary key (partition, stream, number)
);

-- Compactions are listed newest first, page by page.
create index compactions_0_by_time on heartline_projections.compactions_0 (started_at, partition, position);

-- Those of a gateway, newest first.
create index compactions_0_by_gateway on heartline_projections.compactions_0 (gateway, started_at, partition, position);

-- Those of a routing key, newest first.
create index compactions_0_by_routing_key on heartline_projections.compactions_0
    (hashtextextended(routing_key, 0), started_at, partition, position);

-- Those of an engine key, newest first. Keys are of any length, an index entry is not: they are looked up by their hash.
create index compactions_0_by_engine_key on heartline_projections.compactions_0
    (hashtextextended(engine_key, 0), started_at, partition, position);

-- Those of an agent, newest first; its name is part of a key, and so of any length.
create index compactions_0_by_agent on heartline_projections.compactions_0
    (hashtextextended(agent, 0), started_at, partition, position);

-- Take in the projection with its first generation.
select heartline.register_projection('compactions', 1, array['compactions']);

-- Compactions for people.
create view heartline.compactions as
    select gateway, engine_key, routing_key, agent, number, session_id, tick_id,
        (select t.turn_id from heartline_projections.turns t where t.partition = c.partition and t.position = c.turn_position) as turn_id,
        partition || '-' || turn_position as turn_event_id, trigger, target, forced, budget, outcome,
        reason, tokens_before, tokens_after, claimed_reclaim, context_before, context_after, context_tokens_before,
        context_tokens_after, actual_reclaim, freed_nothing, replaced_entries, replaced,
        to_timestamp(started_at / 1000000.0) as started_at, to_timestamp(ended_at / 1000000.0) as ended_at, version,
        partition || '-' || position as event_id
    from heartline_projections.compactions c;
comment on view heartline.compactions is
    'Every compaction: what was asked for, what the engine claimed, and what came of it in its next context.';
comment on column heartline.compactions.gateway is 'The host installation.';
comment on column heartline.compactions.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.compactions.routing_key is 'The stable key that delivery and wake-ups hang on.';
comment on column heartline.compactions.agent is 'The agent that the key names; null where it names none.';
comment on column heartline.compactions.number is 'Its number among the compactions of its stream, from 1.';
comment on column heartline.compactions.session_id is 'The session that asked for it.';
comment on column heartline.compactions.tick_id is 'The tick that it was made in; null where it was none.';
comment on column heartline.compactions.turn_id is
    'The turn that it was made in, or whose last attempt had failed, as turns has it; null where there was none.';
comment on column heartline.compactions.turn_event_id is
    'The event_id that this turn has in turns: to join on. null where there was none.';
comment on column heartline.compactions.trigger is
    'What it was made for, in the host''s words: overflow, manual, budget, …';
comment on column heartline.compactions.target is 'What it was to reach, in the host''s words; null where it did not say.';
comment on column heartline.compactions.forced is 'Whether something had to go.';
comment on column heartline.compactions.budget is 'Tokens that contexts could have then; null where nobody said.';
comment on column heartline.compactions.outcome is
    'started (its end is not on record), compacted, nothing (none was needed) or failed.';
comment on column heartline.compactions.reason is 'Why, in the engine''s words; null where it did not say.';
comment on column heartline.compactions.tokens_before is 'Tokens that there were before, as the engine claims.';
comment on column heartline.compactions.tokens_after is 'Tokens that there were after, as the engine claims.';
comment on column heartline.compactions.claimed_reclaim is 'Tokens that it freed, as the engine claims.';
comment on column heartline.compactions.context_before is 'The call of the last context before it that holds anything.';
comment on column heartline.compactions.context_after is 'The call of the first context after it that holds anything.';
comment on column heartline.compactions.context_tokens_before is 'Tokens of the context before (estimated).';
comment on column heartline.compactions.context_tokens_after is 'Tokens of the context after (estimated).';
comment on column heartline.compactions.actual_reclaim is
    'Tokens by which the context after is smaller; null where success was not claimed, or it can''t be told.';
comment on column heartline.compactions.freed_nothing is
    'Whether success was claimed, and the context after is not at least a tenth smaller.';
comment on column heartline.compactions.replaced_entries is
    'How many entries its summary replaced; null where it can''t be told.';
comment on column heartline.compactions.replaced is
    'The numbers of these entries, as pairs of first and last; null where it can''t be told.';
comment on column heartline.compactions.started_at is 'When it began.';
comment on column heartline.compactions.ended_at is 'When it ended; null where that is not on record.';
comment on column heartline.compactions.version is 'The version of its first event in its stream.';
comment on column heartline.compactions.event_id is 'The id of its first event.';

-- Where entries were first seen in their stream: one row for each byte form that an event records. `identity` is a digest of
-- the entry's identity; `named` says that the host gave it an id. The origin of an entry is a query over these, never a
-- column: imports arrive in any order.
create table heartline_projections.sightings_0 (
    partition bigint not null,
    position bigint not null,
    place bigint not null,
    identity bytea not null,
    named boolean not null,
    stream uuid not null,
    version bigint not null,
    entry bigint not null,
    revision bigint not null,
    session_id text not null,
    delivered boolean not null,
    occurred_at bigint not null,
    recorded_at bigint not null,
    primary key (partition, position, place)
);

-- The origin of an entry is looked up by its identity, in all partitions.
create index sightings_0_by_identity on heartline_projections.sightings_0 (identity);

-- The identity of an entry is looked up by its number.
create index sightings_0_by_entry on heartline_projections.sightings_0 (partition, stream, entry, revision);

-- Where entries were met again in a stream that held them. One that was only seen at first may be delivered so.
create table heartline_projections.repeats_0 (
    partition bigint not null,
    position bigint not null,
    place bigint not null,
    stream uuid not null,
    version bigint not null,
    entry bigint not null,
    revision bigint not null,
    session_id text not null,
    delivered boolean not null,
    occurred_at bigint not null,
    recorded_at bigint not null,
    primary key (partition, position, place)
);

-- What was met again is found by its number.
create index repeats_0_by_entry on heartline_projections.repeats_0 (partition, stream, entry, revision);

-- Take in the projection with its first generation.
select heartline.register_projection('origins', 1, array['sightings', 'repeats']);

-- Sightings for people: where byte forms of entries were first recorded in their stream, and where they were met again.
create view heartline.sightings as
    select e.gateway, e.engine_key, s.entry, s.revision, encode(s.identity, 'hex') as identity, s.named, seen.again,
        seen.session_id, seen.delivered, to_timestamp(seen.occurred_at / 1000000.0) as occurred_at,
        to_timestamp(seen.recorded_at / 1000000.0) as recorded_at, seen.version,
        s.partition || '-' || seen.position as event_id
    from heartline_projections.sightings s
    join heartline_projections.engines e on e.partition = s.partition and e.stream = s.stream
    cross join lateral (
        select false as again, s.session_id, s.delivered, s.occurred_at, s.recorded_at, s.version, s.position
        union all
        select true, r.session_id, r.delivered, r.occurred_at, r.recorded_at, r.version, r.position
        from heartline_projections.repeats r
        where r.partition = s.partition and r.stream = s.stream and r.entry = s.entry and r.revision = s.revision
    ) seen;
comment on view heartline.sightings is
    'Where each byte form of an entry was seen. The origin of an entry is its delivered sighting in the gateway '
    'that is least by (occurred_at, recorded_at).';
comment on column heartline.sightings.gateway is 'The host installation.';
comment on column heartline.sightings.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.sightings.entry is 'The entry''s number in its stream, from 1.';
comment on column heartline.sightings.revision is 'The number of its byte form, from 1: hosts rewrite messages.';
comment on column heartline.sightings.identity is
    'Digest of what the host knows the message by, the same in all streams.';
comment on column heartline.sightings.named is
    'Whether the host gave the message an id; without one, equal identities may be different messages.';
comment on column heartline.sightings.again is 'Whether its stream held it before.';
comment on column heartline.sightings.session_id is 'The session that it was seen in.';
comment on column heartline.sightings.delivered is
    'Whether the host delivered it there; else it was seen as history or in a context.';
comment on column heartline.sightings.occurred_at is 'When it was seen.';
comment on column heartline.sightings.recorded_at is 'When that was recorded.';
comment on column heartline.sightings.version is 'The version of the event in its stream.';
comment on column heartline.sightings.event_id is 'The id of the event.';

-- Entries for people, with their content where it is valid as jsonb.
create view heartline.entries as
    select e.gateway, e.engine_key, s.entry, s.revision, m.message ->> 'role' as role, m.message,
        c.stream is not null and c.bytes is null as erased, octet_length(c.bytes) as bytes, encode(s.identity, 'hex') as identity,
        s.session_id, s.delivered, to_timestamp(s.occurred_at / 1000000.0) as occurred_at, s.version,
        s.partition || '-' || s.position as event_id
    from heartline_projections.sightings s
    join heartline_projections.engines e on e.partition = s.partition and e.stream = s.stream
    left join heartline.content c
        on c.partition = s.partition and c.stream = s.stream and c.entry = s.entry and c.revision = s.revision
    left join lateral (select heartline.as_jsonb(c.bytes) as message offset 0) m on true;
comment on view heartline.entries is 'Each byte form of each entry of a stream, where it was first recorded there.';
comment on column heartline.entries.gateway is 'The host installation.';
comment on column heartline.entries.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.entries.entry is 'The entry''s number in its stream, from 1.';
comment on column heartline.entries.revision is 'The number of its byte form, from 1: hosts rewrite messages.';
comment on column heartline.entries.role is
    'user, assistant, toolResult or what else the message says; null where message is.';
comment on column heartline.entries.message is
    'The message as the host wrote it; null where it was erased, or where jsonb can''t hold it.';
comment on column heartline.entries.erased is 'Whether its content was erased.';
comment on column heartline.entries.bytes is 'How long the message is; null where it was erased.';
comment on column heartline.entries.identity is
    'Digest of what the host knows the message by, the same in all streams.';
comment on column heartline.entries.session_id is 'The session that it was first seen in, in this stream.';
comment on column heartline.entries.delivered is
    'Whether the host delivered it then; else it was seen as history or in a context.';
comment on column heartline.entries.occurred_at is 'When it was first seen in this stream.';
comment on column heartline.entries.version is 'The version of the event that records it, in its stream.';
comment on column heartline.entries.event_id is 'The id of that event.';

-- The words of each byte form of an entry that is on record, and of each text that is no message: one row each, or one for
-- each of the parts of a long text. There is no copy of the text. `words` also holds what a search can be narrowed by, as
-- `=name:value`. Of what was erased the words are gone. Times in microseconds since the Unix epoch.
create table heartline_projections.search_0 (
    partition bigint not null,
    stream uuid not null,
    entry bigint not null,
    revision bigint not null,
    part bigint not null,
    parts bigint not null,
    begins bigint not null,
    position bigint not null,
    place bigint not null,
    occurred_at bigint not null,
    type text not null,
    gateway text not null,
    engine_key text not null,
    routing_key text not null,
    agent text,
    session_id text not null,
    role text not null,
    tools text[] not null,
    next_call bigint not null,
    words tsvector storage external not null, -- compressing takes as long as all else that it takes to write a row
    primary key (partition, stream, entry, revision, part)
) with (toast_tuple_target = 8160); -- most are looked through together with their row

-- What is found is told from the newest on.
create index search_0_by_time on heartline_projections.search_0 (occurred_at, partition, position, place);

-- What is found is found by its words. Nothing is left for later: a reader would have to look through it each time.
create index search_0_by_words on heartline_projections.search_0 using gin (words) with (fastupdate = off);

-- Take in the projection with its first generation.
select heartline.register_projection('search', 1, array['search']);
