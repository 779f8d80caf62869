-- The origin of an entry is looked up by its identity, in all partitions.
create index sightings_0_by_identity on heartline_projections.sightings_0 (identity);
