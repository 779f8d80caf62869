-- Turns of a gateway are listed by their time.
create index turns_0_by_gateway on heartline_projections.turns_0 (gateway, started_at, partition, position);
