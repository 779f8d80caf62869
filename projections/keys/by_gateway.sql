-- Those of a gateway, newest first.
create index keys_0_by_gateway on heartline_projections.keys_0 (gateway, first_at, partition, position);
