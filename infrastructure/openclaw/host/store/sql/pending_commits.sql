-- A page of the commits that no engine has taken yet.
select
    pending.advancement_key,
    pending.engine_id,
    pending.session_id,
    pending.attempt_count,
    pending.last_error,
    pending.created_at
from context_engine_turn_outbox as pending
where pending.advancement_key > :after
order by pending.advancement_key
limit :most
