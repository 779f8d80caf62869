-- Compactions are listed newest first, page by page.
create index compactions_0_by_time on heartline_projections.compactions_0 (started_at, partition, position);
