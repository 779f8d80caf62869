-- One row for each partition: locked by whoever appends to it, never updated.
-- (An updated head row slows appends to a tenth while any snapshot is held open.)
-- `ledger_id` stands here besides so that an append reads it with the lock.
create table heartline.heads (
    partition integer primary key,
    ledger_id uuid not null
);
