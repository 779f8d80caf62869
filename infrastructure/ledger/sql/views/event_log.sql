-- The events for people: times as times, payloads as jsonb where they are valid as such (null where they are not).
create view heartline.event_log as
    select e.partition || '-' || e.position as event_id, e.gateway, e.engine_key, e.version, e.type,
        to_timestamp(e.recorded_at / 1000000.0) as recorded_at, heartline.as_jsonb(e.payload) as data
    from heartline.events e;
