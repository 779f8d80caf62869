-- Turns of an engine key are listed by their beginning. (Keys are of any length, an index entry is not.)
create index turns_0_by_engine_key on heartline_projections.turns_0
    (hashtextextended(engine_key, 0), started_at, partition, position);
