-- Wake whoever listens to some partitions; see `tell`.
select pg_notify(channel, '') from unnest(%(channels)s::text[]) channel
