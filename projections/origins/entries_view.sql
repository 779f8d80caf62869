-- Entries for people, with their content where it is valid as jsonb.
create view heartline.entries as
    select e.gateway, e.engine_key, s.entry, s.revision, m.message ->> 'role' as role, m.message,
        c.stream is not null and c.equality is null as erased, octet_length(c.bytes) as bytes, encode(s.identity, 'hex') as identity,
        s.session_id, s.delivered, to_timestamp(s.occurred_at / 1000000.0) as occurred_at, s.version,
        s.partition || '-' || s.position as event_id
    from heartline_projections.sightings s
    join heartline_projections.engines e on e.partition = s.partition and e.stream = s.stream
    left join heartline.content c
        on c.partition = s.partition and c.stream = s.stream and c.entry = s.entry and c.revision = s.revision
    left join lateral (select heartline.as_jsonb(c.bytes) as message offset 0) m on true;
comment on view heartline.entries is 'Each byte form of each entry of a stream, where it was first recorded there.';
comment on column heartline.entries.gateway is 'The host installation.';
comment on column heartline.entries.engine_key is 'The identity of context state: one stream each, in its gateway.';
comment on column heartline.entries.entry is 'The entry''s number in its stream, from 1.';
comment on column heartline.entries.revision is 'The number of its byte form, from 1: hosts rewrite messages.';
comment on column heartline.entries.role is
    'user, assistant, toolResult or what else the message says; null where message is.';
comment on column heartline.entries.message is
    'What is kept of the message; null where that is nothing, where it was erased, or where jsonb can''t hold it.';
comment on column heartline.entries.erased is 'Whether its content was erased.';
comment on column heartline.entries.bytes is 'How long what is kept of the message is; null where that is nothing.';
comment on column heartline.entries.identity is
    'Digest of what the host knows the message by, the same in all streams.';
comment on column heartline.entries.session_id is 'The session that it was first seen in, in this stream.';
comment on column heartline.entries.delivered is
    'Whether the host delivered it then; else it was seen as history or in a context.';
comment on column heartline.entries.occurred_at is 'When it was first seen in this stream.';
comment on column heartline.entries.version is 'The version of the event that records it, in its stream.';
comment on column heartline.entries.event_id is 'The id of that event.';
