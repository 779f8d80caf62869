-- The events for people: times as times, payloads as jsonb where they are valid as such (null where they are not).
create view heartline.event_log as
    select e.partition || '-' || e.position as event_id, e.gateway, e.engine_key, e.version, e.type,
        to_timestamp(e.recorded_at / 1000000.0) as recorded_at, heartline.as_jsonb(e.payload) as data
    from heartline.events e;
comment on view heartline.event_log is 'Everything that happened, as it was recorded: the events of all streams.';
comment on column heartline.event_log.event_id is 'Its id: partition and position.';
comment on column heartline.event_log.gateway is 'The host installation.';
comment on column heartline.event_log.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.event_log.version is '1, 2, 3, … within the stream.';
comment on column heartline.event_log.type is 'What happened.';
comment on column heartline.event_log.recorded_at is 'When it was recorded.';
comment on column heartline.event_log.data is
    'All of it, with occurred_at in microseconds since the Unix epoch; null where jsonb can''t hold it.';
