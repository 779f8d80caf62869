-- Keep a token, by the digest of its text; it lives for so many microseconds, for good where that is null. Gives the times
-- at which it was made and at which it ends; no row if another token has its id.
create function heartline.keep_token(
    in_token_id text, in_name text, in_digest bytea, in_scope text, in_gateway text, lifetime bigint
) returns table (created_at bigint, expires_at bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    created_at := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
    expires_at := created_at + lifetime;
    insert into heartline.tokens values
        (in_token_id, in_name, in_digest, in_scope, in_gateway, created_at, expires_at, null)
        on conflict do nothing;
    if found then
        return next;
    end if;
end
$$;
