"""Tokens over HTTP, for those who may do anything."""

from datetime import timedelta
from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody
from msgspec import Meta, Struct

from infrastructure.access.scopes import Scope
from infrastructure.answers.objects import TokenAnswer
from infrastructure.answers.tokens import LocalTokens
from infrastructure.http.told import problems
from infrastructure.service.service import Service


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
        return LocalTokens(library.ledger.connection).list()


@post("/tokens", sync_to_thread=True, summary="Make a token, and show it once.", tags=["tokens"], responses=problems())
def create(data: JSONBody[TokenRequest], service: NamedDependency[Service]) -> TokenAnswer:
    """Make a token."""
    lifetime = None if data.lifetime_seconds is None else timedelta(seconds=data.lifetime_seconds)
    with service.libraries.lend() as library:
        made = LocalTokens(library.ledger.connection).create(data.name, data.scope, data.gateway, lifetime)
    service.keyring.changed()
    return made


@post(
    "/tokens/revoke",
    status_code=200,
    sync_to_thread=True,
    summary="Revoke a token.",
    tags=["tokens"],
    responses=problems(_404="No token that works is meant."),
)
def revoke(data: JSONBody[RevokeRequest], service: NamedDependency[Service]) -> TokenAnswer:
    """Revoke a token; this service refuses it from now on, and every other of this ledger within a second."""
    with service.libraries.lend() as library:
        revoked = LocalTokens(library.ledger.connection).revoke(data.token)
    service.keyring.changed()
    return revoked


ROUTES: list[BaseRouteHandler] = [tokens, create, revoke]
