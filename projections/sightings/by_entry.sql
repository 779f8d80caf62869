-- An entry that is delivered again is found by its number.
create index sightings_by_entry on heartline.sightings (partition, stream, entry, revision);
