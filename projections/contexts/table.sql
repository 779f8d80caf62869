-- Where each context of a stream is recorded: the event of the `number`-th assembled or submitted one.
create table heartline_projections.contexts_0 (
    partition bigint not null,
    stream uuid not null,
    basis text not null,
    number bigint not null,
    version bigint not null,
    position bigint not null,
    session_id text not null,
    occurred_at bigint not null,
    primary key (partition, stream, basis, number)
);
