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
