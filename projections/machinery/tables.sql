-- The tables of read models. The shape of a table is `<name>_0`, which stays empty; the rows of generation n are in
-- `<name>_<n>`, and the view `<name>` shows those of the live one. `on_conflict` is what a row that is written again does.
create table heartline_projections.tables (
    name text primary key,
    projection text not null,
    on_conflict text not null
);
