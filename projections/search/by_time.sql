-- What is found is told from the newest on.
create index search_0_by_time on heartline_projections.search_0 (occurred_at, partition, position, place);
