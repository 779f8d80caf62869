-- The ticks that some turns belong to without naming them, found by their session: a tick that has it for itself, or the last
-- that was dispatched in another stream before the turn ended, if it still ran when the turn began.
select w.place, t.tick_id
from unnest(%(streams)s::uuid[], %(sessions)s::text[], %(started)s::bigint[], %(ended)s::bigint[])
    with ordinality as w (stream, session_id, started_at, ended_at, place)
cross join lateral (
    select k.tick_id, k.isolated, k.settled_at from heartline_projections.ticks k
    where k.engine = w.stream
        and hashtextextended(k.session_id, 0) = hashtextextended(w.session_id, 0) and k.session_id = w.session_id
        and (k.engine <> k.stream or k.isolated)
        and (k.isolated or w.ended_at is null or k.at <= w.ended_at)
    order by k.at desc, k.position desc
    limit 1
) t
where t.isolated or t.settled_at is null or t.settled_at >= w.started_at
