-- Contexts are listed by their time, the newest first.
create index contexts_0_by_time on heartline_projections.contexts_0 (occurred_at, partition, position);
