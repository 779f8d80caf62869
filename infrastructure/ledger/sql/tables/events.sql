-- The events. Within a partition `position` is 1, 2, 3, … without a gap; within a stream `version` counts from 1
-- (from 0 for the library's own cases). `recorded_at` is in microseconds since the Unix epoch and never decreases within
-- a partition. `leaf` binds every field of the row; `chain` stands on the last event of each append and binds all
-- leaves up to it.
create table heartline.events (
    partition integer not null,
    position bigint not null,
    stream uuid not null,
    version bigint not null,
    gateway text not null,
    engine_key text not null,
    type text not null,
    recorded_at bigint not null,
    payload bytea not null,
    leaf bytea not null,
    chain bytea,
    primary key (partition, position)
);
