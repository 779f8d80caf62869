-- Keys for people.
create view heartline.keys as
    select gateway, routing_key, engine_key, agent, kind, session_id, transcript, heartbeat,
        to_timestamp(first_at / 1000000.0) as first_at, to_timestamp(last_at / 1000000.0) as last_at, events,
        first_version, last_version, partition || '-' || position as first_event
    from heartline_projections.keys;
comment on view heartline.keys is
    'Which routing key, engine key, session and transcript belonged together: one row for each period in which an '
    'engine key was with a session, until another session''s event.';
comment on column heartline.keys.gateway is 'The host installation.';
comment on column heartline.keys.routing_key is 'The stable key that delivery and wake-ups hang on.';
comment on column heartline.keys.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.keys.agent is 'The agent that the key names; null where it names none.';
comment on column heartline.keys.kind is 'main, heartbeat, heartbeat-run, subagent, cron, global or other.';
comment on column heartline.keys.session_id is 'The host''s transcript; fresh for every isolated tick.';
comment on column heartline.keys.transcript is
    'Where the host keeps the session''s messages, as it last said; null where it did not.';
comment on column heartline.keys.heartbeat is
    'Whether the host called any of it a heartbeat; null where it did not say.';
comment on column heartline.keys.first_at is 'When the period''s first event happened.';
comment on column heartline.keys.last_at is 'The latest time of any event of the period.';
comment on column heartline.keys.events is 'How many events of the period name the session.';
comment on column heartline.keys.first_version is 'The version of the period''s first event in its stream.';
comment on column heartline.keys.last_version is 'The version of the period''s last event in its stream.';
comment on column heartline.keys.first_event is 'The id of the period''s first event.';
