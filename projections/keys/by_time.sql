-- Periods are listed newest first, page by page.
create index keys_0_by_time on heartline_projections.keys_0 (first_at, partition, position);
