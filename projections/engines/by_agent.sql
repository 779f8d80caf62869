-- Those of an agent, newest first; its name is part of a key, and so of any length.
create index engines_0_by_agent on heartline_projections.engines_0
    (hashtextextended(agent, 0), opened_at, partition, position);
