-- What was met again is found by its number.
create index repeats_0_by_entry on heartline_projections.repeats_0 (partition, stream, entry, revision);
