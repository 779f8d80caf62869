-- How far each generation has folded each partition: everything up to `position` is in its rows, and nothing after.
create table heartline_projections.offsets (
    partition integer not null,
    projection text not null,
    generation integer not null,
    position bigint not null,
    primary key (partition, projection, generation)
);
