-- Keep how far a source was imported, and add what became of its records since.
create function heartline.keep_source(
    in_source bytea, in_gateway text, in_kind text, in_path text, in_marks bytea, in_problems bytea, in_problem_count bigint,
    more_records bigint, more_recorded bigint, more_events bigint
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    moment bigint := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
begin
    insert into heartline.sources as s values
        (in_source, in_gateway, in_kind, in_path, in_marks, in_problems, in_problem_count, more_records, more_recorded, more_events,
            moment, moment)
    on conflict (source) do update set
        path = in_path, marks = in_marks, problems = in_problems, problem_count = in_problem_count,
        records = s.records + more_records, recorded = s.recorded + more_recorded, events = s.events + more_events,
        last_at = moment;
end
$$;
