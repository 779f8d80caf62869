-- Make the heads of a ledger's partitions.
insert into heartline.heads (partition, ledger_id) select p, %(ledger_id)s from generate_series(0, %(partitions)s - 1) p
