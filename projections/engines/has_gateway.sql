-- Whether anything is on record of a gateway.
select exists (select from heartline_projections.engines where gateway = %(gateway)s)
