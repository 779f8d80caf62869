-- The service's role. Roles belong to the whole cluster, so another database's migration may make it at the same moment.
do $$
begin
    create role heartline_service login;
exception when duplicate_object or unique_violation then
    null;
end
$$;
