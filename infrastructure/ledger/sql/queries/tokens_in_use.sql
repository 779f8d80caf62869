-- What a service needs to know of the tokens that nobody revoked.
select token_id, digest, scope, gateway, expires_at
from heartline.tokens
where revoked_at is null
