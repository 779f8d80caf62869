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
