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
