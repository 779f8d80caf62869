-- The number of the last context of one basis of a stream, of one session or of all; null where there is none.
select max(number)
from heartline_projections.contexts
where partition = %(partition)s and stream = %(stream)s and basis = %(basis)s
    and (%(session_id)s::text is null or session_id = %(session_id)s)
