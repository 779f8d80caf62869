-- Revoke a token; null if there is none of this id.
select heartline.revoke_token(%(token_id)s)
