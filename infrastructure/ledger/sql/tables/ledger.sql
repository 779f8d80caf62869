-- The ledger itself: one row. `partitions` is chosen when it is created and never changed in place.
-- `content_key` keys the hashes beside the content, by which equal texts are found across streams.
create table heartline.ledger (
    only_one boolean primary key default true check (only_one),
    ledger_id uuid not null,
    partitions integer not null check (partitions between 1 and 4096),
    content_key bytea not null check (octet_length(content_key) = 32)
);
