-- Ticks are listed by their time, the newest first.
create index ticks_0_by_time on heartline_projections.ticks_0 (at, partition, position);
