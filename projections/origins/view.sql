-- Sightings for people: where byte forms of entries were first recorded in their stream, and where they were met again.
create view heartline.sightings as
    select e.gateway, e.engine_key, s.entry, s.revision, encode(s.identity, 'hex') as identity, s.named, seen.again,
        seen.session_id, seen.delivered, to_timestamp(seen.occurred_at / 1000000.0) as occurred_at,
        to_timestamp(seen.recorded_at / 1000000.0) as recorded_at, seen.version,
        s.partition || '-' || seen.position as event_id
    from heartline_projections.sightings s
    join heartline_projections.engines e on e.partition = s.partition and e.stream = s.stream
    cross join lateral (
        select false as again, s.session_id, s.delivered, s.occurred_at, s.recorded_at, s.version, s.position
        union all
        select true, r.session_id, r.delivered, r.occurred_at, r.recorded_at, r.version, r.position
        from heartline_projections.repeats r
        where r.partition = s.partition and r.stream = s.stream and r.entry = s.entry and r.revision = s.revision
    ) seen;
comment on view heartline.sightings is
    'Where each byte form of an entry was seen. The origin of an entry is its delivered sighting in the gateway '
    'that is least by (occurred_at, recorded_at).';
comment on column heartline.sightings.gateway is 'The host installation.';
comment on column heartline.sightings.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.sightings.entry is 'The entry''s number in its stream, from 1.';
comment on column heartline.sightings.revision is 'The number of its byte form, from 1: hosts rewrite messages.';
comment on column heartline.sightings.identity is
    'Digest of what the host knows the message by, the same in all streams.';
comment on column heartline.sightings.named is
    'Whether the host gave the message an id; without one, equal identities may be different messages.';
comment on column heartline.sightings.again is 'Whether its stream held it before.';
comment on column heartline.sightings.session_id is 'The session that it was seen in.';
comment on column heartline.sightings.delivered is
    'Whether the host delivered it there; else it was seen as history or in a context.';
comment on column heartline.sightings.occurred_at is 'When it was seen.';
comment on column heartline.sightings.recorded_at is 'When that was recorded.';
comment on column heartline.sightings.version is 'The version of the event in its stream.';
comment on column heartline.sightings.event_id is 'The id of the event.';
