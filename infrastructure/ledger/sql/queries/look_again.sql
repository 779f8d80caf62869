-- See who is connected now: within a transaction it stays as it was seen first.
select pg_stat_clear_snapshot()
