-- Ticks of an engine key are listed by their time. (Keys are of any length, an index entry is not.)
create index ticks_0_by_engine_key on heartline_projections.ticks_0 (hashtextextended(engine_key, 0), at, partition, position);
