"""Tokens over HTTP, for those who may do anything."""

from datetime import timedelta
from time import time_ns
from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody
from msgspec import Meta, Struct

from infrastructure.access.scopes import Scope
from infrastructure.access.tokens import Token, create_token, list_tokens, revoke_token
from infrastructure.answers.times import rfc3339
from infrastructure.http.told import problems
from infrastructure.service.service import Service


class TokenAnswer(Struct, frozen=True, kw_only=True):
    """A token as it may be shown; `secret` is its text, answered once, when it is made."""

    token_id: str
    name: str
    scope: Scope
    gateway: str | None
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    live: bool
    secret: str | None = None


class TokenRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be made; with the scope `write` it is for one gateway. It lives for good without a lifetime."""

    name: Annotated[str, Meta(max_length=64)]
    scope: Scope
    gateway: Annotated[str, Meta(max_length=64)] | None = None
    lifetime_seconds: Annotated[int, Meta(ge=1, le=3_155_760_000)] | None = None


class RevokeRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be revoked: its id, or a name that only one has."""

    token: Annotated[str, Meta(max_length=64)]


@get(
    "/tokens", sync_to_thread=True, summary="List the tokens, revoked ones too.", tags=["tokens"], responses=problems()
)
def tokens(service: NamedDependency[Service]) -> list[TokenAnswer]:
    """List every token that was made, without what would prove it."""
    with service.libraries.lend() as library:
        return [_answer(one) for one in list_tokens(library.ledger.connection)]


@post("/tokens", sync_to_thread=True, summary="Make a token, and show it once.", tags=["tokens"], responses=problems())
def create(data: JSONBody[TokenRequest], service: NamedDependency[Service]) -> TokenAnswer:
    """Make a token."""
    lifetime = None if data.lifetime_seconds is None else timedelta(seconds=data.lifetime_seconds)
    with service.libraries.lend() as library:
        made, secret = create_token(library.ledger.connection, data.name, data.scope, data.gateway, lifetime)
    return _answer(made, secret)


@post(
    "/tokens/revoke",
    status_code=200,
    sync_to_thread=True,
    summary="Revoke a token.",
    tags=["tokens"],
    responses=problems(_404="No token that works is meant."),
)
def revoke(data: JSONBody[RevokeRequest], service: NamedDependency[Service]) -> TokenAnswer:
    """Revoke a token; every service of this ledger refuses it within a second."""
    with service.libraries.lend() as library:
        return _answer(revoke_token(library.ledger.connection, data.token))


def _answer(one: Token, secret: str | None = None) -> TokenAnswer:
    return TokenAnswer(
        token_id=one.token_id,
        name=one.name,
        scope=one.scope,
        gateway=one.gateway,
        created_at=rfc3339(one.created_at),
        expires_at=None if one.expires_at is None else rfc3339(one.expires_at),
        revoked_at=None if one.revoked_at is None else rfc3339(one.revoked_at),
        live=one.live(time_ns() // 1_000),
        secret=secret,
    )


ROUTES: list[BaseRouteHandler] = [tokens, create, revoke]
