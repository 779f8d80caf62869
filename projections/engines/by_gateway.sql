-- Those of a gateway, newest first.
create index engines_0_by_gateway on heartline_projections.engines_0 (gateway, opened_at, partition, position);
