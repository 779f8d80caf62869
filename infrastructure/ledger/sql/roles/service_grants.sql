-- What the service may do: read, and call the functions that write. It owns nothing.
grant usage on schema heartline to heartline_service;
grant select on all tables in schema heartline to heartline_service;
grant execute on all functions in schema heartline to heartline_service;
grant usage on schema heartline_projections to heartline_service;
grant select on all tables in schema heartline_projections to heartline_service;
grant execute on all functions in schema heartline_projections to heartline_service;
