-- Wake whoever listens to a partition. In a transaction of its own, after the append: a notification inside it would
-- make commits wait for each other.
select pg_notify(%(channel)s, '')
