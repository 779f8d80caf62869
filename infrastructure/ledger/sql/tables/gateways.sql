-- The names that were given to sources which did not bring one: `source` is the digest by which a source is known again.
create table heartline.gateways (
    source bytea primary key,
    gateway text not null unique
);
