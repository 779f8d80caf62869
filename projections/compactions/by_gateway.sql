-- Those of a gateway, newest first.
create index compactions_0_by_gateway on heartline_projections.compactions_0 (gateway, started_at, partition, position);
