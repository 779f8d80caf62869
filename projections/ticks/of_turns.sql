-- The ticks that some turns belong to, found by their session: a tick that has it for itself, or one that was dispatched in
-- another stream and ran while the turn did; the last of several.
select w.place, t.tick_id
from unnest(%(streams)s::uuid[], %(sessions)s::text[], %(started)s::bigint[], %(ended)s::bigint[])
    with ordinality as w (stream, session_id, started_at, ended_at, place)
cross join lateral (
    select k.tick_id from heartline_projections.ticks k
    where k.engine = w.stream
        and hashtextextended(k.session_id, 0) = hashtextextended(w.session_id, 0) and k.session_id = w.session_id
        and (k.isolated
            or k.stream <> w.stream and (w.ended_at is null or k.dispatched_at <= w.ended_at)
                and (k.settled_at is null or k.settled_at >= w.started_at))
    order by k.dispatched_at desc, k.position desc
    limit 1
) t
