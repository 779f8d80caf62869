-- Those of an agent, newest first; its name is part of a key, and so of any length.
create index keys_0_by_agent on heartline_projections.keys_0
    (hashtextextended(agent, 0), first_at, partition, position);
