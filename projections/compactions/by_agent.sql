-- Those of an agent, newest first; its name is part of a key, and so of any length.
create index compactions_0_by_agent on heartline_projections.compactions_0
    (hashtextextended(agent, 0), started_at, partition, position);
