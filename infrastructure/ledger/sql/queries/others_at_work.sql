-- Whether other processes of heartline are connected to this database. (Everybody may see the names of applications.)
select exists (
    select from pg_stat_activity
    where datname = current_database() and application_name = 'heartline' and pid <> pg_backend_pid()
)
