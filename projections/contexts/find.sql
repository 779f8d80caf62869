-- Where some contexts of one basis of a stream are recorded.
select number, version, position, session_id, occurred_at
from heartline_projections.contexts
where partition = %(partition)s and stream = %(stream)s and basis = %(basis)s and number = any (%(numbers)s)
