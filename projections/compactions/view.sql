-- Compactions for people.
create view heartline.compactions as
    select gateway, engine_key, routing_key, agent, number, session_id, tick_id,
        (select t.turn_id from heartline_projections.turns t where t.partition = c.partition and t.position = c.turn_position) as turn_id,
        partition || '-' || turn_position as turn_event_id, trigger, target, forced, budget, outcome,
        reason, tokens_before, tokens_after, claimed_reclaim, context_before, context_after, context_tokens_before,
        context_tokens_after, actual_reclaim, freed_nothing, replaced_entries, replaced,
        to_timestamp(started_at / 1000000.0) as started_at, to_timestamp(ended_at / 1000000.0) as ended_at, version,
        partition || '-' || position as event_id
    from heartline_projections.compactions c;
comment on view heartline.compactions is
    'Every compaction: what was asked for, what the engine claimed, and what came of it in its next context.';
comment on column heartline.compactions.gateway is 'The host installation.';
comment on column heartline.compactions.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.compactions.routing_key is 'The stable key that delivery and wake-ups hang on.';
comment on column heartline.compactions.agent is 'The agent that the key names; null where it names none.';
comment on column heartline.compactions.number is 'Its number among the compactions of its stream, from 1.';
comment on column heartline.compactions.session_id is 'The session that asked for it.';
comment on column heartline.compactions.tick_id is 'The tick that it was made in; null where it was none.';
comment on column heartline.compactions.turn_id is
    'The turn that it was made in, or whose last attempt had failed, as turns has it; null where there was none.';
comment on column heartline.compactions.turn_event_id is
    'The event_id that this turn has in turns: to join on. null where there was none.';
comment on column heartline.compactions.trigger is
    'What it was made for, in the host''s words: overflow, manual, budget, …';
comment on column heartline.compactions.target is 'What it was to reach, in the host''s words; null where it did not say.';
comment on column heartline.compactions.forced is 'Whether something had to go.';
comment on column heartline.compactions.budget is 'Tokens that contexts could have then; null where nobody said.';
comment on column heartline.compactions.outcome is
    'started (its end is not on record), compacted, nothing (none was needed) or failed.';
comment on column heartline.compactions.reason is 'Why, in the engine''s words; null where it did not say.';
comment on column heartline.compactions.tokens_before is 'Tokens that there were before, as the engine claims.';
comment on column heartline.compactions.tokens_after is 'Tokens that there were after, as the engine claims.';
comment on column heartline.compactions.claimed_reclaim is 'Tokens that it freed, as the engine claims.';
comment on column heartline.compactions.context_before is 'The call of the last context before it that holds anything.';
comment on column heartline.compactions.context_after is 'The call of the first context after it that holds anything.';
comment on column heartline.compactions.context_tokens_before is 'Tokens of the context before (estimated).';
comment on column heartline.compactions.context_tokens_after is 'Tokens of the context after (estimated).';
comment on column heartline.compactions.actual_reclaim is
    'Tokens by which the context after is smaller; null where success was not claimed, or it can''t be told.';
comment on column heartline.compactions.freed_nothing is
    'Whether success was claimed, and the context after is not at least a tenth smaller.';
comment on column heartline.compactions.replaced_entries is
    'How many entries its summary replaced; null where it can''t be told.';
comment on column heartline.compactions.replaced is
    'The numbers of these entries, as pairs of first and last; null where it can''t be told.';
comment on column heartline.compactions.started_at is 'When it began.';
comment on column heartline.compactions.ended_at is 'When it ended; null where that is not on record.';
comment on column heartline.compactions.version is 'The version of its first event in its stream.';
comment on column heartline.compactions.event_id is 'The id of its first event.';
