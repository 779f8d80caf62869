-- The role of people who look with psql. Like the service's it has no password: where one is demanded, an owner sets it, or
-- grants the role to people's own. Times are shown in UTC.
do $$
begin
    create role heartline_reader login;
    alter role heartline_reader set timezone = 'UTC';
    alter role heartline_reader set default_transaction_read_only = on;
exception when duplicate_object or unique_violation then
    null;
end
$$;
