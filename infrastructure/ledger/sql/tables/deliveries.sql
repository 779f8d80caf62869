-- What was delivered, so that the same delivery is recorded once. `delivery` is SHA-256 of the length-prefixed gateway
-- and delivery id, `fingerprint` SHA-256 of what was delivered. A delivery that touches two streams has two rows.
create table heartline.deliveries (
    partition integer not null,
    delivery bytea not null,
    stream uuid not null,
    fingerprint bytea not null,
    first_version bigint not null,
    last_version bigint not null,
    primary key (partition, delivery, stream)
);
