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
