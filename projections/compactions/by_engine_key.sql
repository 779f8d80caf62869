-- Those of an engine key, newest first. Keys are of any length, an index entry is not: they are looked up by their hash.
create index compactions_0_by_engine_key on heartline_projections.compactions_0
    (hashtextextended(engine_key, 0), started_at, partition, position);
