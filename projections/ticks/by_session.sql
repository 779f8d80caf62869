-- The tick that a turn belongs to is found by its session, unless the turn names it: a tick that was dispatched in another
-- stream, or has its session for itself. (A session that ticks share in their own stream may have any number of them.)
create index ticks_0_by_session on heartline_projections.ticks_0 (engine, hashtextextended(session_id, 0), at)
    where engine <> stream or isolated;
