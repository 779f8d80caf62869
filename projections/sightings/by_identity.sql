-- The origin of an entry is looked up by its identity.
create index sightings_by_identity on heartline.sightings (partition, gateway, identity);
