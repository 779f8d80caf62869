-- Where an engine stood at a version, every so many events. They keep `state` fast on long streams, can be deleted at any
-- time, and are made again by a rebuild.
create table heartline_projections.standings_0 (
    partition bigint not null,
    stream uuid not null,
    version bigint not null,
    latest_at bigint not null,
    standing bytea not null,
    primary key (partition, stream, version)
);
