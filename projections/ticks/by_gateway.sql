-- Ticks of a gateway are listed by their time.
create index ticks_0_by_gateway on heartline_projections.ticks_0 (gateway, at, partition, position);
