-- Ticks of a routing key are listed by their time. (Keys are of any length, an index entry is not.)
create index ticks_0_by_routing_key on heartline_projections.ticks_0 (hashtextextended(routing_key, 0), at, partition, position);
