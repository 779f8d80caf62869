-- The routing keys of a gateway: their ticks since a time (µs; null for all) and what these came to, the sessions that are known of
-- them, and what transcripts say was billed for these. Those with the most ticks first.
with known as (
    select routing_key, count(distinct session_id) as sessions, min(first_at) as first_at, max(last_at) as last_at
    from heartline_projections.keys
    where gateway = %(gateway)s and (%(since)s::bigint is null or last_at >= %(since)s)
    group by routing_key
), ran as (
    select routing_key, sum(of_outcome)::bigint as ticks, jsonb_object_agg(outcome, of_outcome) as outcomes
    from (
        select routing_key, coalesce(outcome, 'open') as outcome, count(*) as of_outcome
        from heartline_projections.ticks
        where gateway = %(gateway)s and (%(since)s::bigint is null or at >= %(since)s)
        group by routing_key, coalesce(outcome, 'open')
    ) by_outcome
    group by routing_key
), billed as (
    select routing_key, least(sum(billed_tokens), 9223372036854775807)::bigint as billed
    from heartline_projections.transcript_turns
    where gateway = %(gateway)s and (%(since)s::bigint is null or started_at >= %(since)s)
    group by routing_key
)
select routing_key, coalesce(ticks, 0)::bigint, sessions, first_at, last_at, coalesce(outcomes, '{}'::jsonb), billed
from known
left join ran using (routing_key)
left join billed using (routing_key)
order by coalesce(ticks, 0) desc, routing_key
