-- Ticks of an agent are listed by their time. (Names are of any length, an index entry is not.)
create index ticks_0_by_agent on heartline_projections.ticks_0 (hashtextextended(agent, 0), at, partition, position);
