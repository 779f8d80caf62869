-- Of each projection one generation is live and one is filled, at most.
create unique index one_generation_of_each_state on heartline_projections.generations (projection, state);
