-- Who may use the service. `digest` is SHA-256 of the token's whole text, which is kept nowhere: its secret is 32 random
-- bytes, which no dictionary holds, so that a slow hash would only slow every request. Times are in microseconds since
-- the Unix epoch. A token is never deleted, and no part of the evidence: it says nothing about what happened.
create table heartline.tokens (
    token_id text primary key,
    name text not null,
    digest bytea not null check (octet_length(digest) = 32),
    scope text not null check (scope in ('write', 'read', 'admin')),
    gateway text,
    created_at bigint not null,
    expires_at bigint,
    revoked_at bigint,
    check ((scope = 'write') = (gateway is not null))
);
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
