-- The sessions and ticks that an engine was told of, with the version at which it was: some come more than once. Only their
-- number is asked for, so digests of their ids do.
create table heartline_projections.appearances_0 (
    partition bigint not null,
    stream uuid not null,
    version bigint not null,
    tick boolean not null,
    name bytea not null,
    primary key (partition, stream, version)
);
