-- The turns of an isolated tick are those of its session.
create index turns_0_by_session on heartline_projections.turns_0 (partition, stream, hashtextextended(session_id, 0));
