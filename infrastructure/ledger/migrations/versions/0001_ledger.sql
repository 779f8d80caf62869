-- The ledger itself: one row. `partitions` is chosen when it is created and never changed in place.
-- `content_key` keys the hashes beside the content, by which equal texts are found across streams.
create table heartline.ledger (
    only_one boolean primary key default true check (only_one),
    ledger_id uuid not null,
    partitions integer not null check (partitions between 1 and 4096),
    content_key bytea not null check (octet_length(content_key) = 32)
);

-- One row for each partition: locked by whoever appends to it, never updated.
-- (An updated head row slows appends to a tenth while any snapshot is held open.)
-- `ledger_id` stands here besides so that an append reads it with the lock.
create table heartline.heads (
    partition integer primary key,
    ledger_id uuid not null
);

-- The events. Within a partition `position` is 1, 2, 3, … without a gap; within a stream `version` counts from 1
-- (from 0 for the library's own cases). `recorded_at` is in microseconds since the Unix epoch and never decreases within
-- a partition. `leaf` binds every field of the row; `chain` stands on the last event of each append and binds all
-- leaves up to it.
create table heartline.events (
    partition integer not null,
    position bigint not null,
    stream uuid not null,
    version bigint not null,
    gateway text not null,
    engine_key text not null,
    type text not null,
    recorded_at bigint not null,
    payload bytea not null,
    leaf bytea not null,
    chain bytea,
    primary key (partition, position)
);

-- A stream is read by version, and no version is written twice.
create unique index events_stream_version on heartline.events (partition, stream, version);

-- What was delivered, so that the same delivery is recorded once. `delivery` is SHA-256 of the length-prefixed gateway
-- and delivery id, `fingerprint` SHA-256 of what was delivered. A delivery that touches two streams has two rows.
create table heartline.deliveries (
    partition integer not null,
    delivery bytea not null,
    stream uuid not null,
    fingerprint bytea not null,
    first_version bigint not null,
    last_version bigint not null,
    primary key (partition, delivery, stream)
);

-- Message texts and tool results, beside the events that name their digests: SHA-256(salt ‖ bytes) is in the event,
-- `equality` is a keyed hash of the bytes. Erased content keeps its row and loses all three.
create table heartline.content (
    partition integer not null,
    stream uuid not null,
    entry bigint not null,
    revision bigint not null,
    bytes bytea,
    salt bytea,
    equality bytea,
    primary key (partition, stream, entry, revision)
);

-- States of streams at a version, kept for the library's snapshot recorder. They can be dropped and made again.
create table heartline.snapshots (
    partition integer not null,
    stream uuid not null,
    version bigint not null,
    type text not null,
    payload bytea not null,
    primary key (partition, stream, version)
);

-- The names that were given to sources which did not bring one: `source` is the digest by which a source is known again.
create table heartline.gateways (
    source bytea primary key,
    gateway text not null unique
);

-- The leaf of an event: SHA-256 over a domain tag and its length-prefixed fields.
-- (infrastructure/ledger/evidence.py computes the same; a test compares them.)
create function heartline.leaf(
    ledger_id uuid, partition integer, "position" bigint, gateway text, engine_key text, version bigint, type text,
    recorded_at bigint, payload bytea
) returns bytea
language sql immutable parallel safe
return sha256(
    'heartline.leaf.1'::bytea
    || uuid_send(ledger_id) || int4send(partition) || int8send("position")
    || int4send(octet_length(gateway)) || convert_to(gateway, 'UTF8')
    || int4send(octet_length(engine_key)) || convert_to(engine_key, 'UTF8')
    || int8send(version)
    || int4send(octet_length(type)) || convert_to(type, 'UTF8')
    || int8send(recorded_at)
    || sha256(payload)
);

-- Append a group to one partition, in one round trip, under READ COMMITTED. Each element of the arrays from `gateways` to
-- `content_counts` is one append; its events and contents follow in order in the arrays after them. Each is decided by
-- data: `duplicate` (delivered before), `mismatch` (the same delivery with another fingerprint), `conflict` (the stream's
-- version is not `expected`, or an earlier append of the group to that stream was not made), else `appended`. A null
-- `expected` appends to whatever is there.
-- With `all_or_nothing` the first that is refused undoes the call (error HL002).
--
-- The head row is locked first and the log's tail is read in the next statement, which sees what was committed while this
-- one waited; a single statement would not.
--
-- Like every function that runs as the owner it has a search path of its own: else a caller's type named `bytea` would be
-- taken for the one that is declared, and the checks of that type would run as the owner.
--
-- Elements are taken by subscript, never by slice: each slice copies its whole array, and a group's arrays hold megabytes.
-- Plans are made once a session: else each guess at how many elements an append has is planned anew, at a third of the rate.
create function heartline.append(
    in_partition integer,
    gateways text[], engine_keys text[], streams uuid[], expected bigint[],
    delivery_keys bytea[], fingerprints bytea[], event_counts integer[], content_counts integer[],
    types text[], payloads bytea[],
    all_or_nothing boolean default false,
    entries bigint[] default '{}', revisions bigint[] default '{}', contents bytea[] default '{}',
    salts bytea[] default '{}', equalities bytea[] default '{}'
) returns table (outcome text, first_version bigint, last_version bigint, first_position bigint, at bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
    id uuid;
    tail bigint;
    chain_so_far bytea;
    now_us bigint;
    current_version bigint;
    known record;
    event_offset integer := 0;
    content_offset integer := 0;
    refused uuid[] := '{}';
    a_leaf bytea;
    leaves bytea[];
begin
    select h.ledger_id into id from heartline.heads h where h.partition = in_partition for no key update;
    if id is null then
        raise exception 'partition % is not of this ledger', in_partition using errcode = 'HL001';
    end if;
    select e.position, e.chain, e.recorded_at into tail, chain_so_far, now_us
        from heartline.events e where e.partition = in_partition order by e.position desc limit 1;
    tail := coalesce(tail, 0);
    chain_so_far := coalesce(chain_so_far, '');
    now_us := greatest((extract(epoch from clock_timestamp()) * 1000000)::bigint, now_us);
    at := now_us;

    for i in 1 .. cardinality(streams) loop
        first_position := null;
        if delivery_keys[i] is not null then
            select d.fingerprint, d.first_version, d.last_version into known
                from heartline.deliveries d
                where d.partition = in_partition and d.delivery = delivery_keys[i] and d.stream = streams[i];
            if found then
                outcome := case when known.fingerprint = fingerprints[i] then 'duplicate' else 'mismatch' end;
            end if;
        end if;
        if delivery_keys[i] is not null and found then
            first_version := known.first_version;
            last_version := known.last_version;
        else
            select max(e.version) into current_version
                from heartline.events e where e.partition = in_partition and e.stream = streams[i];
            if expected[i] is not null and (streams[i] = any (refused)
                or expected[i] is distinct from current_version
                    and not (current_version is null and expected[i] in (-1, 0))) then
                outcome := 'conflict';
                first_version := null;
                last_version := current_version;
            else
                outcome := 'appended';
                first_version := coalesce(expected[i], current_version, 0) + 1;
                last_version := first_version + event_counts[i] - 1;
                first_position := tail + 1;
            end if;
        end if;

        if outcome <> 'appended' then
            refused := refused || streams[i];
            if all_or_nothing and outcome <> 'duplicate' then
                raise exception 'append % of the group: %', i, outcome using errcode = 'HL002';
            end if;
        elsif event_counts[i] = 1 then
            a_leaf := heartline.leaf(id, in_partition, tail + 1, gateways[i], engine_keys[i], first_version,
                types[event_offset + 1], now_us, payloads[event_offset + 1]);
            chain_so_far := sha256(chain_so_far || a_leaf);
            insert into heartline.events values (in_partition, tail + 1, streams[i], first_version, gateways[i], engine_keys[i],
                types[event_offset + 1], now_us, payloads[event_offset + 1], a_leaf, chain_so_far);
            tail := tail + 1;
        elsif event_counts[i] > 1 then
            select array_agg(heartline.leaf(id, in_partition, tail + n, gateways[i], engine_keys[i], first_version + n - 1,
                    types[event_offset + n], now_us, payloads[event_offset + n]) order by n)
                into leaves
                from generate_series(1, event_counts[i]) n;
            select sha256(chain_so_far || string_agg(l, ''::bytea order by n)) into chain_so_far
                from unnest(leaves) with ordinality as agg (l, n);
            insert into heartline.events
                select in_partition, tail + n, streams[i], first_version + n - 1, gateways[i], engine_keys[i],
                    types[event_offset + n], now_us, payloads[event_offset + n],
                    leaves[n], case when n = event_counts[i] then chain_so_far end
                from generate_series(1, event_counts[i]) n;
            tail := tail + event_counts[i];
        end if;
        if outcome = 'appended' then
            if delivery_keys[i] is not null then
                insert into heartline.deliveries
                    values (in_partition, delivery_keys[i], streams[i], fingerprints[i], first_version, last_version);
            end if;
            if content_counts[i] > 0 then
                insert into heartline.content
                    select in_partition, streams[i], entries[n], revisions[n], contents[n], salts[n], equalities[n]
                    from generate_series(content_offset + 1, content_offset + content_counts[i]) n;
            end if;
        end if;
        event_offset := event_offset + event_counts[i];
        content_offset := content_offset + content_counts[i];
        return next;
    end loop;
end
$$;

-- Keep a snapshot of a stream; one that is there already stays.
create function heartline.keep_snapshot(in_partition integer, in_stream uuid, in_version bigint, in_type text, in_payload bytea)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into heartline.snapshots values (in_partition, in_stream, in_version, in_type, in_payload) on conflict do nothing;
    return found;
end
$$;

-- Give the name of a source, which is the first that was proposed for it and is not another's; null if it is another's.
create function heartline.name_gateway(in_source bytea, proposed text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    kept text;
begin
    insert into heartline.gateways values (in_source, proposed) on conflict do nothing;
    select g.gateway into kept from heartline.gateways g where g.source = in_source;
    return kept;
end
$$;

-- What happened is not changed: every UPDATE, DELETE and TRUNCATE of events fails, whoever asks.
create function heartline.refuse_change() returns trigger
language plpgsql
as $$
begin
    raise exception '% of heartline.% is refused: events are never changed. To erase content, see ContentErased.',
        tg_op, tg_table_name using errcode = 'HL003';
end
$$;

-- Bytes as jsonb for people to look at; null where they are not UTF-8 or not valid as such, never an error.
create function heartline.as_jsonb(payload bytea) returns jsonb
language plpgsql immutable
as $$
begin
    return convert_from(payload, 'UTF8')::jsonb;
exception when others then
    return null;
end
$$;

-- A statement trigger: it fires also where no row would have matched. (Superusers can switch triggers off; `verify` finds it.)
create trigger events_are_immutable before update or delete or truncate on heartline.events
    for each statement execute function heartline.refuse_change();

-- A delivery that was forgotten could be recorded twice.
create trigger deliveries_are_immutable before update or delete or truncate on heartline.deliveries
    for each statement execute function heartline.refuse_change();

-- The events for people: times as times, payloads as jsonb where they are valid as such (null where they are not).
create view heartline.event_log as
    select e.partition || '-' || e.position as event_id, e.gateway, e.engine_key, e.version, e.type,
        to_timestamp(e.recorded_at / 1000000.0) as recorded_at, heartline.as_jsonb(e.payload) as data
    from heartline.events e;

-- How far each projection has folded each partition: everything up to `position` is in its rows, and nothing after.
create table heartline.projection_offsets (
    partition integer not null,
    projection text not null,
    position bigint not null,
    primary key (partition, projection)
);

-- Claim the events after `from_position` up to `to_position` for a projection. False if another did so meanwhile; else the
-- offset moves in the transaction that writes the rows.
create function heartline.advance(in_partition integer, in_projection text, from_position bigint, to_position bigint)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if from_position = 0 then
        insert into heartline.projection_offsets values (in_partition, in_projection, to_position) on conflict do nothing;
    else
        update heartline.projection_offsets o set position = to_position
            where o.partition = in_partition and o.projection = in_projection and o.position = from_position;
    end if;
    return found;
end
$$;

-- One row a stream: which engine it is of, and what it has come to. Times in microseconds since the Unix epoch.
create table heartline.streams (
    partition integer not null,
    stream uuid not null,
    gateway text not null,
    engine_key text not null,
    routing_key text not null,
    session_id text,
    kind text not null,
    phase text not null,
    events bigint not null,
    first_at bigint not null,
    last_at bigint not null,
    primary key (partition, stream)
);

-- Write the rows that a batch came to, as jsonb records, together with the offset.
create function heartline.apply_streams(in_partition integer, from_position bigint, to_position bigint, in_rows jsonb)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not heartline.advance(in_partition, 'streams', from_position, to_position) then
        return false;
    end if;
    insert into heartline.streams
        select given.* from jsonb_populate_recordset(null::heartline.streams, in_rows) as given
        on conflict (partition, stream) do update set
            session_id = excluded.session_id, phase = excluded.phase, events = excluded.events,
            first_at = excluded.first_at, last_at = excluded.last_at;
    return true;
end
$$;

-- Where entries were seen: one row each time that an event records or delivers one. `identity` is a digest of the entry's
-- identity; `named` says that the host gave it an id. The origin of an entry is a query over these, never a column:
-- imports arrive in any order.
create table heartline.sightings (
    partition integer not null,
    position bigint not null,
    place integer not null,
    gateway text not null,
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

-- The origin of an entry is looked up by its identity.
create index sightings_by_identity on heartline.sightings (partition, gateway, identity);

-- An entry that is delivered again is found by its number.
create index sightings_by_entry on heartline.sightings (partition, stream, entry, revision);

-- Write the sightings of a batch together with the offset. Those without an identity are of entries that were seen before,
-- in this batch or in an earlier one, and take it from there.
create function heartline.apply_sightings(
    in_partition integer, from_position bigint, to_position bigint,
    positions bigint[], places integer[], gateways text[], identities bytea[], nameds boolean[], streams uuid[],
    versions bigint[], entries bigint[], revisions bigint[], session_ids text[], delivereds boolean[],
    occurred bigint[], recorded bigint[]
) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not heartline.advance(in_partition, 'sightings', from_position, to_position) then
        return false;
    end if;
    insert into heartline.sightings
        select in_partition, g.p, g.pl, g.gw, g.i, g.nm, g.st, g.v, g.e, g.r, g.se, g.d, g.o, g.rc
        from unnest(positions, places, gateways, identities, nameds, streams, versions, entries, revisions, session_ids,
            delivereds, occurred, recorded) as g (p, pl, gw, i, nm, st, v, e, r, se, d, o, rc)
        where g.i is not null;
    insert into heartline.sightings
        select in_partition, g.p, g.pl, g.gw, s.identity, s.named, g.st, g.v, g.e, g.r, g.se, g.d, g.o, g.rc
        from unnest(positions, places, gateways, identities, nameds, streams, versions, entries, revisions, session_ids,
            delivereds, occurred, recorded) as g (p, pl, gw, i, nm, st, v, e, r, se, d, o, rc)
        cross join lateral (
            select k.identity, k.named from heartline.sightings k
            where k.partition = in_partition and k.stream = g.st and k.entry = g.e and k.revision = g.r
            order by k.position limit 1
        ) s
        where g.i is null;
    return true;
end
$$;

-- Where each context of a stream is recorded: the event of the `number`-th assembled or submitted one.
create table heartline.contexts (
    partition integer not null,
    stream uuid not null,
    basis text not null,
    number bigint not null,
    version bigint not null,
    position bigint not null,
    session_id text not null,
    occurred_at bigint not null,
    primary key (partition, stream, basis, number)
);

-- Write the contexts of a batch, as jsonb records, together with the offset.
create function heartline.apply_contexts(in_partition integer, from_position bigint, to_position bigint, in_rows jsonb)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not heartline.advance(in_partition, 'contexts', from_position, to_position) then
        return false;
    end if;
    insert into heartline.contexts
        select given.* from jsonb_populate_recordset(null::heartline.contexts, in_rows) as given;
    return true;
end
$$;
