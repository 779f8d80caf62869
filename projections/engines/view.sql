-- Engines for people.
create view heartline.engines as
    select gateway, engine_key, routing_key, agent, kind, phase, version as events, session_id, tick_id, entries, contexts,
        context_tokens, budget, turns, overflows, compactions, anomalies,
        to_timestamp(opened_at / 1000000.0) as opened_at, to_timestamp(first_at / 1000000.0) as first_at,
        to_timestamp(last_at / 1000000.0) as last_at, partition || '-' || position as opened_by
    from heartline_projections.engines;
comment on view heartline.engines is 'What each engine came to: one row for each engine key of each gateway.';
comment on column heartline.engines.gateway is 'The host installation.';
comment on column heartline.engines.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.engines.routing_key is 'The stable key that delivery and wake-ups hang on.';
comment on column heartline.engines.agent is 'The agent that the key names; null where it names none.';
comment on column heartline.engines.kind is 'main, heartbeat, heartbeat-run, subagent, cron, global or other.';
comment on column heartline.engines.phase is
    'Where the engine stands: fresh, idle, in-turn, overflowed, compacting or closed.';
comment on column heartline.engines.events is 'How many events its stream has, which is its version.';
comment on column heartline.engines.session_id is 'The session that it was last in.';
comment on column heartline.engines.tick_id is 'The tick that runs; null where none does.';
comment on column heartline.engines.entries is 'How many entries its stream holds.';
comment on column heartline.engines.contexts is 'How many contexts it assembled.';
comment on column heartline.engines.context_tokens is 'Tokens of its last assembled context, as it estimated them.';
comment on column heartline.engines.budget is 'Tokens that its last context could have.';
comment on column heartline.engines.turns is 'How many turns were committed.';
comment on column heartline.engines.overflows is 'How many contexts were too large for the model.';
comment on column heartline.engines.compactions is 'How many compactions were completed.';
comment on column heartline.engines.anomalies is 'How many observed facts broke a rule.';
comment on column heartline.engines.opened_at is 'When its first event happened.';
comment on column heartline.engines.first_at is 'The least time of any of its events.';
comment on column heartline.engines.last_at is 'The latest time of any of its events.';
comment on column heartline.engines.opened_by is 'The id of its first event.';
