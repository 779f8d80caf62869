-- The words of each byte form of an entry that is on record, and of each text that is no message: one row each, or one for
-- each of the parts of a long text. There is no copy of the text. `words` also holds what a search can be narrowed by, as
-- `=name:value`. Of what was erased the words are gone. Times in microseconds since the Unix epoch.
create table heartline_projections.search_0 (
    partition bigint not null,
    stream uuid not null,
    entry bigint not null,
    revision bigint not null,
    part bigint not null,
    parts bigint not null,
    begins bigint not null,
    position bigint not null,
    place bigint not null,
    occurred_at bigint not null,
    type text not null,
    gateway text not null,
    engine_key text not null,
    routing_key text not null,
    agent text,
    session_id text not null,
    role text not null,
    tools text[] not null,
    next_call bigint not null,
    words tsvector storage external not null, -- compressing takes as long as all else that it takes to write a row
    primary key (partition, stream, entry, revision, part)
) with (toast_tuple_target = 8160); -- most are looked through together with their row
