-- Those of a gateway, newest first.
create index contexts_0_by_gateway on heartline_projections.contexts_0 (gateway, occurred_at, partition, position);
