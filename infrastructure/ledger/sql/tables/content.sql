-- Message texts and tool results, beside the events that name their digests: SHA-256(salt ‖ bytes) is in the event,
-- `equality` is a keyed hash of the bytes. Where the event says that something else is kept (with masked secrets, say),
-- both are of the original still, and `bytes` is that, or null where it is nothing. Erased content loses all three.
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
