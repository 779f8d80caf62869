-- Turns for people.
create view heartline.turns as
    select turn_id, gateway, routing_key, engine_key, agent, session_id, tick_id, heartbeat, outcome, attempts, first_call,
        last_call, context_tokens_start, context_tokens_peak, assembled_tokens, budget, billed_input, billed_output,
        billed_cache_read, billed_cache_write, billed_tokens, tools, tool_counts, overflows, compactions,
        to_timestamp(started_at / 1000000.0) as started_at, to_timestamp(ended_at / 1000000.0) as ended_at,
        partition || '-' || position as event_id
    from heartline_projections.turns;
comment on view heartline.turns is 'Every turn: one admitted prompt up to its accepted reply, or its failure.';
comment on column heartline.turns.turn_id is 'The host''s logical turn, else the delivery id of its first prompt.';
comment on column heartline.turns.gateway is 'The host installation.';
comment on column heartline.turns.routing_key is 'The stable key that delivery and wake-ups hang on.';
comment on column heartline.turns.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.turns.agent is 'The agent that the key names; null where it names none.';
comment on column heartline.turns.session_id is 'The session that it is of.';
comment on column heartline.turns.tick_id is 'The tick that it is of; null where its own stream does not tell.';
comment on column heartline.turns.heartbeat is 'Whether the host called it a heartbeat; null where it did not say.';
comment on column heartline.turns.outcome is
    'committed, failed, open (it goes on) or abandoned (another turn began while it was open).';
comment on column heartline.turns.attempts is 'How many attempts it took.';
comment on column heartline.turns.first_call is 'The number of its first assembled context in its stream.';
comment on column heartline.turns.last_call is 'The number of its last assembled context in its stream.';
comment on column heartline.turns.context_tokens_start is 'Tokens of its first context, estimated.';
comment on column heartline.turns.context_tokens_peak is 'Tokens of its largest context, estimated.';
comment on column heartline.turns.assembled_tokens is 'Tokens of its last context, estimated.';
comment on column heartline.turns.budget is 'Tokens that its last context could have.';
comment on column heartline.turns.billed_input is 'Tokens of input, as the provider reported them.';
comment on column heartline.turns.billed_output is 'Tokens of output, as the provider reported them.';
comment on column heartline.turns.billed_cache_read is
    'Tokens that were read from the provider''s cache, as it reported them.';
comment on column heartline.turns.billed_cache_write is
    'Tokens that were written to the provider''s cache, as it reported them.';
comment on column heartline.turns.billed_tokens is 'All tokens that were billed; null where nothing was reported.';
comment on column heartline.turns.tools is 'The names of the tools that it called.';
comment on column heartline.turns.tool_counts is 'How often it called each of them.';
comment on column heartline.turns.overflows is 'How many of its contexts were too large for the model.';
comment on column heartline.turns.compactions is 'How many compactions were completed in it.';
comment on column heartline.turns.started_at is 'When it began.';
comment on column heartline.turns.ended_at is 'When it ended; null while it goes on.';
comment on column heartline.turns.event_id is 'The id of the event that began it.';
