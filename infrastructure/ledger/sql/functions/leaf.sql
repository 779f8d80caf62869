-- The leaf of an event: SHA-256 over a domain tag and its length-prefixed fields.
-- (infrastructure/ledger/evidence.py computes the same; a test compares them.)
-- It is declared stable, as convert_to is: declared immutable it would not be inlined but run as a query for each event.
create function heartline.leaf(
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
