-- What is found is found by its words. Nothing is left for later: a reader would have to look through it each time.
create index search_0_by_words on heartline_projections.search_0 using gin (words) with (fastupdate = off);
