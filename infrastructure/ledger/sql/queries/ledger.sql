-- What a ledger was made with.
select ledger_id, partitions, content_key from heartline.ledger
