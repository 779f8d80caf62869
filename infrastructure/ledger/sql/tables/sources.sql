-- What was imported, and how far: a file or a store of a host, known by `source`, a digest of its gateway, its kind and what it
-- is known by wherever it lies. `marks` says where reading goes on (its reader's own form), `problems` what was skipped last and
-- why (JSON), `records` and the following counts what became of its records in all imports. Times are in microseconds since the
-- Unix epoch. It is no part of the evidence: whoever loses it reads everything again, and records nothing twice.
create table heartline.sources (
    source bytea primary key check (octet_length(source) = 32),
    gateway text not null,
    kind text not null,
    path text not null,
    marks bytea not null,
    problems bytea not null,
    problem_count bigint not null,
    records bigint not null,
    recorded bigint not null,
    events bigint not null,
    first_at bigint not null,
    last_at bigint not null
);
