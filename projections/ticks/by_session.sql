-- The tick that a turn in another stream belongs to is found by its session.
create index ticks_0_by_session on heartline_projections.ticks_0 (engine, hashtextextended(session_id, 0));
