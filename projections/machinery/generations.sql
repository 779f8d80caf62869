-- The generations of each projection: one is live, and at most one more is filled beside it. `version` is of the fold that
-- writes its rows.
create table heartline_projections.generations (
    projection text not null,
    generation integer not null,
    version integer not null,
    state text not null check (state in ('filling', 'live', 'replaced')),
    begun_at timestamptz not null default now(),
    live_at timestamptz,
    primary key (projection, generation)
);
