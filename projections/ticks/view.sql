-- Ticks for people.
create view heartline.ticks as
    select tick_id, gateway, routing_key, engine_key, agent, session_id, isolated, source, reason,
        to_timestamp(at / 1000000.0) as at, to_timestamp(dispatched_at / 1000000.0) as dispatched_at,
        to_timestamp(settled_at / 1000000.0) as settled_at, outcome, skip_reason, partition || '-' || position as event_id
    from heartline_projections.ticks;
comment on view heartline.ticks is 
    'Every tick, dispatched or skipped. Its turns are those of turns with its tick_id, or its gateway, engine_key and session_id where it is isolated. (`heartline ticks` has the whole receipts.)';
comment on column heartline.ticks.tick_id is 'Its id, of routing key and session.';
comment on column heartline.ticks.gateway is 'The host installation.';
comment on column heartline.ticks.routing_key is 'The stable key that delivery and wake-ups hang on.';
comment on column heartline.ticks.engine_key is 'The identity of its context state; null where it was skipped.';
comment on column heartline.ticks.agent is 'The agent that the key names; null where it names none.';
comment on column heartline.ticks.session_id is 'The session that it ran in; null where it was skipped.';
comment on column heartline.ticks.isolated is
    'Whether it has its session for itself; null where its own stream does not tell.';
comment on column heartline.ticks.source is
    'What it was due for: interval, wake, exec, cron or manual; null where that can''t be told.';
comment on column heartline.ticks.reason is 'Why it ran, in the host''s words.';
comment on column heartline.ticks.at is 'When it was dispatched or skipped.';
comment on column heartline.ticks.dispatched_at is 'When it was dispatched; null where it was skipped.';
comment on column heartline.ticks.settled_at is 'When it ended; null where that is not on record.';
comment on column heartline.ticks.outcome is 'What it came to; null where that is not on record.';
comment on column heartline.ticks.skip_reason is 'Why it was skipped.';
comment on column heartline.ticks.event_id is 'The id of the event that dispatched or skipped it.';
