-- The turns of a session, for its ticks. (Ids are of any length, an index entry is not.)
create index transcript_turns_0_by_session on heartline_projections.transcript_turns_0
    (partition, stream, hashtextextended(session_id, 0), started_at);
