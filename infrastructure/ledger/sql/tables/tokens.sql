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
