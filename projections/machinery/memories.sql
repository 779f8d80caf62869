-- What a fold has to remember of a stream from one event to the next, as the fold itself writes it.
create table heartline_projections.memories (
    partition integer not null,
    stream uuid not null,
    projection text not null,
    generation integer not null,
    memory bytea not null,
    primary key (partition, stream, projection, generation)
);
