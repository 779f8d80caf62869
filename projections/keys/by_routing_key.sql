-- Those of a routing key, newest first.
create index keys_0_by_routing_key on heartline_projections.keys_0
    (hashtextextended(routing_key, 0), first_at, partition, position);
