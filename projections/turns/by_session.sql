-- The turns of a tick that does not share its session are those of the session, and else those that began while it ran.
create index turns_0_by_session on heartline_projections.turns_0
    (partition, stream, hashtextextended(session_id, 0), started_at);
