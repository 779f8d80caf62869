-- What was imported, and how far: a file or a store of a host, known by `source`, a digest of its gateway, its kind and what it
-- is known by wherever it lies. `marks` says where reading goes on (its reader's own form), `problems` what was skipped last and
-- why (JSON), `records` and the following counts what became of its records in all imports. Times are in microseconds since the
-- Unix epoch. It is no part of the evidence: whoever loses it reads everything again, and records nothing twice.
create table heartline.sources (
    source bytea primary key check (octet_length(source) = 32),
    gateway text not null,
    kind text not null,
    path text not null,
    marks bytea not null,
    problems bytea not null,
    problem_count bigint not null,
    records bigint not null,
    recorded bigint not null,
    events bigint not null,
    first_at bigint not null,
    last_at bigint not null
);
-- Keep how far a source was imported, and add what became of its records since.
create function heartline.keep_source(
    in_source bytea, in_gateway text, in_kind text, in_path text, in_marks bytea, in_problems bytea, in_problem_count bigint,
    more_records bigint, more_recorded bigint, more_events bigint
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    moment bigint := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
begin
    insert into heartline.sources as s values
        (in_source, in_gateway, in_kind, in_path, in_marks, in_problems, in_problem_count, more_records, more_recorded, more_events,
            moment, moment)
    on conflict (source) do update set
        path = in_path, marks = in_marks, problems = in_problems, problem_count = in_problem_count,
        records = s.records + more_records, recorded = s.recorded + more_recorded, events = s.events + more_events,
        last_at = moment;
end
$$;
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
-- Turns that transcripts tell of are listed by their time.
create index transcript_turns_0_by_time on heartline_projections.transcript_turns_0 (started_at, partition, position);
-- The turns of a session, for its ticks. (Ids are of any length, an index entry is not.)
create index transcript_turns_0_by_session on heartline_projections.transcript_turns_0
    (partition, stream, hashtextextended(session_id, 0), started_at);
-- Take in the projection with its first generation.
select heartline.register_projection('transcript_turns', 1, array['transcript_turns']);
-- Turns that transcripts tell of, for people.
create view heartline.transcript_turns as
    select gateway, routing_key, engine_key, agent, session_id, heartbeat, outcome, billed_input, billed_output,
        billed_cache_read, billed_cache_write, billed_tokens, tools, tool_counts,
        to_timestamp(started_at / 1000000.0) as started_at, to_timestamp(ended_at / 1000000.0) as ended_at,
        partition || '-' || position as event_id
    from heartline_projections.transcript_turns;
comment on view heartline.transcript_turns is
    'Every turn as a transcript of the host tells it afterwards, also where it was recorded live and stands in turns.';
comment on column heartline.transcript_turns.gateway is 'The host installation.';
comment on column heartline.transcript_turns.routing_key is 'The stable key that delivery and wake-ups hang on.';
comment on column heartline.transcript_turns.engine_key is 'The engine under whose key the transcript was imported.';
comment on column heartline.transcript_turns.agent is 'The agent that the key names; null where it names none.';
comment on column heartline.transcript_turns.session_id is 'The session whose transcript it is.';
comment on column heartline.transcript_turns.heartbeat is 'Whether its prompt is a heartbeat''s; null where it does not show.';
comment on column heartline.transcript_turns.outcome is 'committed, failed or open (no reply is in the transcript).';
comment on column heartline.transcript_turns.billed_input is 'Tokens of input, as the provider reported them.';
comment on column heartline.transcript_turns.billed_output is 'Tokens of output, as the provider reported them.';
comment on column heartline.transcript_turns.billed_cache_read is
    'Tokens that were read from the provider''s cache, as it reported them.';
comment on column heartline.transcript_turns.billed_cache_write is
    'Tokens that were written to the provider''s cache, as it reported them.';
comment on column heartline.transcript_turns.billed_tokens is 'All tokens that were billed; null where nothing was reported.';
comment on column heartline.transcript_turns.tools is 'The names of the tools that it called.';
comment on column heartline.transcript_turns.tool_counts is 'How often it called each of them.';
comment on column heartline.transcript_turns.started_at is 'When its prompt was written down.';
comment on column heartline.transcript_turns.ended_at is 'When its reply was written down; null where there is none.';
comment on column heartline.transcript_turns.event_id is 'The id of the event that tells of its prompt.';
