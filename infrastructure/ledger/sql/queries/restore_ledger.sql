-- Make the ledger that of a backup.
insert into heartline.ledger (only_one, ledger_id, partitions, content_key) values (true, %(ledger_id)s, %(partitions)s, %(content_key)s)
