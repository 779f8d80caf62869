-- The identity of an entry is looked up by its number.
create index sightings_0_by_entry on heartline_projections.sightings_0 (partition, stream, entry, revision);
