-- Append to several partitions in one call; look for versions from the expected one on; inline the leaf.

drop function heartline.append(
    integer, text[], text[], uuid[], bigint[], bytea[], bytea[], integer[], integer[], text[], bytea[], boolean,
    bigint[], bigint[], bytea[], bytea[], bytea[]
);

-- Append to several partitions, in one round trip and one transaction, under READ COMMITTED. Each element of `in_partitions`
-- and `append_counts` is one group: appends to one partition that were decided together; the groups stand in ascending order
-- of their partitions. The appends follow in order in the arrays from `gateways` to `content_counts`, their events and
-- contents in the arrays after them. Each append is decided by data: `duplicate` (delivered before), `mismatch` (the same
-- delivery with another fingerprint), `conflict` (the stream's version is not `expected`, or an earlier append of its own
-- group to that stream was not made), else `appended`. A null `expected` appends to whatever is there.
-- With `all_or_nothing` the first that is refused undoes the call (error HL002).
--
-- A partition's head row is locked first, when its first group comes, and its log's tail is read in the next statement, which
-- sees what was committed while this one waited; a single statement would not. All who append lock heads in ascending order,
-- so that no two wait for each other.
--
-- Like every function that runs as the owner it has a search path of its own: else a caller's type named `bytea` would be
-- taken for the one that is declared, and the checks of that type would run as the owner.
--
-- Elements are taken by subscript, never by slice: each slice copies its whole array, and a group's arrays hold megabytes.
-- Plans are made once a session: else each guess at how many elements an append has is planned anew, at a third of the rate.
-- A stream's version is looked for from the expected one on: a scan reads all of the stream's versions that share a page of
-- the index with the last one, hundreds of them.
create function heartline.append(
    in_partitions integer[], append_counts integer[],
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
    in_partition integer;
    id uuid;
    tail bigint;
    chain_so_far bytea;
    now_us bigint;
    current_version bigint;
    known record;
    done integer := 0;
    event_offset integer := 0;
    content_offset integer := 0;
    refused uuid[];
    a_leaf bytea;
    leaves bytea[];
begin
    for g in 1 .. cardinality(in_partitions) loop
        if g = 1 or in_partitions[g] is distinct from in_partition then
            if in_partitions[g] < in_partition then
                raise exception 'partition % comes after partition %', in_partitions[g], in_partition using errcode = 'HL001';
            end if;
            in_partition := in_partitions[g];
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
        end if;
        refused := '{}';

        for i in done + 1 .. done + append_counts[g] loop
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
                select e.version into current_version
                    from heartline.events e
                    where e.partition = in_partition and e.stream = streams[i] and e.version >= coalesce(expected[i], 0)
                    order by e.version desc limit 1;
                if current_version is null and expected[i] > 0 then
                    select max(e.version) into current_version
                        from heartline.events e where e.partition = in_partition and e.stream = streams[i];
                end if;
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
        done := done + append_counts[g];
    end loop;
end
$$;

-- The leaf of an event: SHA-256 over a domain tag and its length-prefixed fields.
-- (infrastructure/ledger/evidence.py computes the same; a test compares them.)
-- It is declared stable, as convert_to is: declared immutable it would not be inlined but run as a query for each event.
create or replace function heartline.leaf(
    ledger_id uuid, partition integer, "position" bigint, gateway text, engine_key text, version bigint, type text,
    recorded_at bigint, payload bytea
) returns bytea
language sql stable parallel safe
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
