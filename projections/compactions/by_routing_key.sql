-- Those of a routing key, newest first.
create index compactions_0_by_routing_key on heartline_projections.compactions_0
    (hashtextextended(routing_key, 0), started_at, partition, position);
