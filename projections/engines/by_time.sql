-- Engines are listed newest first, page by page.
create index engines_0_by_time on heartline_projections.engines_0 (opened_at, partition, position);
