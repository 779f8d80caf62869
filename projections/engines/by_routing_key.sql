-- Those of a routing key, newest first.
create index engines_0_by_routing_key on heartline_projections.engines_0
    (hashtextextended(routing_key, 0), opened_at, partition, position);
