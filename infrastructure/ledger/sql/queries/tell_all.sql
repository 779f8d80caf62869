-- Wake whoever listens to some partitions; see `tell`. It does not wait for the disk: a hint may be lost, and the worker
-- that gives it has others waiting.
select set_config('synchronous_commit', 'off', true), pg_notify(channel, '') from unnest(%(channels)s::text[]) channel
