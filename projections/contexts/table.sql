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
