-- States of streams at a version, kept for the library's snapshot recorder. They can be dropped and made again.
create table heartline.snapshots (
    partition integer not null,
    stream uuid not null,
    version bigint not null,
    type text not null,
    payload bytea not null,
    primary key (partition, stream, version)
);
