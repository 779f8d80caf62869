-- Keep a token; no row if its id is taken.
select created_at, expires_at
from heartline.keep_token(%(token_id)s, %(name)s, %(digest)s, %(scope)s, %(gateway)s, %(lifetime)s::bigint)
