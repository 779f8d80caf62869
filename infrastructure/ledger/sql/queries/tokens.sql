-- All tokens that were ever made, the oldest first, without what would prove one.
select token_id, name, scope, gateway, created_at, expires_at, revoked_at
from heartline.tokens
order by created_at, token_id
