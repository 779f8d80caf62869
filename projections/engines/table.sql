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
