-- The turns of a tick that shares its session are those that name it.
create index turns_0_by_tick on heartline_projections.turns_0 (partition, stream, hashtextextended(tick_id, 0))
    where tick_id is not null;
