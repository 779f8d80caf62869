-- Where entries were met again in a stream that held them. One that was only seen at first may be delivered so.
create table heartline_projections.repeats_0 (
    partition bigint not null,
    position bigint not null,
    place bigint not null,
    stream uuid not null,
    version bigint not null,
    entry bigint not null,
    revision bigint not null,
    session_id text not null,
    delivered boolean not null,
    occurred_at bigint not null,
    recorded_at bigint not null,
    primary key (partition, position, place)
);
