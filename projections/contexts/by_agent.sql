-- Contexts of an agent are listed by their time. (Names are of any length, an index entry is not.)
create index contexts_0_by_agent on heartline_projections.contexts_0
    (hashtextextended(agent, 0), occurred_at, partition, position);
