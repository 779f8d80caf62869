-- The sessions that each engine key was with, over time: one row from the first event of a session to the last before
-- another's. A session that comes again gets another row. `position` is of the first event; `heartbeat` says whether an
-- event of it was told to be of a heartbeat, null where nothing was told; times in microseconds since the Unix epoch.
create table heartline_projections.keys_0 (
    partition bigint not null,
    position bigint not null,
    gateway text not null,
    routing_key text not null,
    engine_key text not null,
    agent text,
    kind text not null,
    session_id text not null,
    transcript text,
    heartbeat boolean,
    first_version bigint not null,
    last_version bigint not null,
    first_at bigint not null,
    last_at bigint not null,
    events bigint not null,
    primary key (partition, position)
);
