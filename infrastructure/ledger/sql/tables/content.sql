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
