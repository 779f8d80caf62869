-- Within this transaction: no statement takes too long, and a lock is waited for a little only.
select set_config('statement_timeout', '0', true), set_config('lock_timeout', %(lock)s, true)
