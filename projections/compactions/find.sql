-- One compaction of a stream, by its number: the last one where it is null.
select started_at as at, partition, position, number, gateway, engine_key, routing_key, agent, session_id, tick_id,
    (select t.turn_id from heartline_projections.turns t where t.partition = c.partition and t.position = c.turn_position) as turn_id,
    trigger, target, forced, budget, outcome, reason, tokens_before, tokens_after, claimed_reclaim, context_before,
    context_after, context_tokens_before, context_tokens_after, actual_reclaim, freed_nothing, summary, summary_entry,
    kept_from, first_kept, replaced, replaced_entries, ended_at, ended_version, ended_position
from heartline_projections.compactions c
where partition = %(partition)s and stream = %(stream)s and (%(number)s::bigint is null or number = %(number)s)
order by number desc
limit 1
