-- Revoke a token and give the time at which it was revoked first; null if there is none of this id.
create function heartline.revoke_token(in_token_id text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    at bigint;
begin
    update heartline.tokens t
        set revoked_at = coalesce(t.revoked_at, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
        where t.token_id = in_token_id
        returning t.revoked_at into at;
    return at;
end
$$;
