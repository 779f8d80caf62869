-- One row a turn that a host's transcript tells of, known by the event that tells of its prompt. What stands in `turns` for the
-- same time of the same session was recorded as it happened, and counts instead. Times in microseconds since the Unix epoch.
create table heartline_projections.transcript_turns_0 (
    partition bigint not null,
    position bigint not null,
    stream uuid not null,
    gateway text not null,
    engine_key text not null,
    routing_key text not null,
    agent text,
    session_id text not null,
    heartbeat boolean,
    outcome text not null,
    billed_input bigint,
    billed_output bigint,
    billed_cache_read bigint,
    billed_cache_write bigint,
    billed_tokens bigint,
    tools text[] not null,
    tool_counts bigint[] not null,
    started_at bigint not null,
    ended_at bigint,
    primary key (partition, position)
);
