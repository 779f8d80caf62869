-- Let the service log in: the migration makes its role without a password. Run by psql at every start, so that a changed
-- password counts.
\getenv password SERVICE_PASSWORD
alter role heartline_service login password :'password';
