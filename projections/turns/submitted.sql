-- What the model received in some turns, a row for each turn in which anything was submitted: the first and the last number,
-- and the tokens of the last, estimated. Recordings of what was submitted are often imported behind all turns, so
-- it is known by its session and its time.
select w.place, min(c.number) as first_submitted, max(c.number) as last_submitted,
    (array_agg(c.tokens order by c.number desc))[1] as tokens
from unnest(
    %(partitions)s::bigint[], %(streams)s::uuid[], %(engine_keys)s::text[], %(sessions)s::text[], %(since)s::bigint[], %(until)s::bigint[]
) with ordinality as w (partition, stream, engine_key, session_id, since, until, place)
join heartline_projections.contexts c on hashtextextended(c.engine_key, 0) = hashtextextended(w.engine_key, 0)
    and c.occurred_at >= w.since and c.occurred_at <= w.until
    and c.partition = w.partition and c.stream = w.stream and c.basis = 'submitted' and c.session_id = w.session_id
group by w.place
