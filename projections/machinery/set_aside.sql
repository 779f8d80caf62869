-- Events that a fold could not take. The others went on without them; a rebuild tries them again.
create table heartline_projections.set_aside (
    partition integer not null,
    position bigint not null,
    projection text not null,
    generation integer not null,
    error text not null,
    primary key (partition, position, projection, generation)
);
