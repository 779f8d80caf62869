-- The view that there was is described.
comment on view heartline.event_log is 'Everything that happened, as it was recorded: the events of all streams.';
comment on column heartline.event_log.event_id is 'Its id: partition and position.';
comment on column heartline.event_log.gateway is 'The host installation.';
comment on column heartline.event_log.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.event_log.version is '1, 2, 3, … within the stream.';
comment on column heartline.event_log.type is 'What happened.';
comment on column heartline.event_log.recorded_at is 'When it was recorded.';
comment on column heartline.event_log.data is
    'All of it, with occurred_at in microseconds since the Unix epoch; null where jsonb can''t hold it.';
