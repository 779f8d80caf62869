-- How far each projection has folded each partition: everything up to `position` is in its rows, and nothing after.
create table heartline.projection_offsets (
    partition integer not null,
    projection text not null,
    position bigint not null,
    primary key (partition, projection)
);
