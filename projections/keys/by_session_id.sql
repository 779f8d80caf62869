-- Those of a session, newest first.
create index keys_0_by_session_id on heartline_projections.keys_0
    (hashtextextended(session_id, 0), first_at, partition, position);
