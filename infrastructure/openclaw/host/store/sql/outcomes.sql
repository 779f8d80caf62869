-- A page of what ticks reported: the last outcome of each session key.
select
    outcome.session_key,
    outcome.run_session_key,
    outcome.outcome,
    outcome.summary,
    outcome.wake_source,
    outcome.wake_reason,
    outcome.occurred_at
from heartbeat_outcomes as outcome
where outcome.session_key > :after
order by outcome.session_key
limit :most
