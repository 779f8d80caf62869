-- Projections for people: how far each generation is.
create view heartline.projections as
    select g.projection, g.generation, g.version, g.state, reached.folded, reached.lag, aside.set_aside, g.begun_at, g.live_at
    from heartline_projections.generations g
    cross join lateral (
        select coalesce(sum(o.position), 0)::bigint as folded,
            coalesce(sum(greatest(coalesce(log.position, 0) - o.position, 0)), 0)::bigint as lag
        from heartline_projections.offsets o
        left join lateral (
            select e.position from heartline.events e where e.partition = o.partition order by e.position desc limit 1
        ) log on true
        where o.projection = g.projection and o.generation = g.generation
    ) reached
    cross join lateral (
        select count(*) as set_aside from heartline_projections.set_aside s
        where s.projection = g.projection and s.generation = g.generation
    ) aside;
comment on view heartline.projections is
    'How far each read model is: its live generation, and the one that is filled beside it where one is.';
comment on column heartline.projections.projection is 'Which read model.';
comment on column heartline.projections.generation is 'The number of the generation: each rebuild fills the next.';
comment on column heartline.projections.version is 'The version of the fold that fills it.';
comment on column heartline.projections.state is 'live (what is read) or filling.';
comment on column heartline.projections.folded is 'How many events of the ledger lie behind it.';
comment on column heartline.projections.lag is
    'How many events of the ledger lie before it. A question folds them first.';
comment on column heartline.projections.set_aside is 'How many events its fold could not take.';
comment on column heartline.projections.begun_at is 'When it was begun.';
comment on column heartline.projections.live_at is 'When it took over; null while it is filled.';
