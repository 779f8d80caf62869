-- The moment at which a transaction began, in microseconds since the Unix epoch.
select (extract(epoch from now()) * 1000000)::bigint
