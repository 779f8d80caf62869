-- Turns are listed by their beginning, the newest first.
create index turns_0_by_time on heartline_projections.turns_0 (started_at, partition, position);
