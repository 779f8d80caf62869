-- Turns of an agent are listed by their beginning. (Names are of any length, an index entry is not.)
create index turns_0_by_agent on heartline_projections.turns_0
    (hashtextextended(agent, 0), started_at, partition, position);
