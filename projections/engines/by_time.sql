-- Engines are listed in the order in which they began.
create index engines_0_by_time on heartline_projections.engines_0 (first_at, partition, stream);
