"""Answers about tokens: making, listing and revoking them, in a ledger at hand or, likewise, at a service."""

from datetime import timedelta
from time import time_ns
from typing import Protocol

from infrastructure.access.scopes import Scope
from infrastructure.access.tokens import Token, create_token, list_tokens, revoke_token
from infrastructure.answers.objects import TokenAnswer
from infrastructure.answers.times import rfc3339
from infrastructure.ledger.connection import AnyConnection


class Tokens(Protocol):
    """Where tokens are kept."""

    def create(self, name: str, scope: Scope, gateway: str | None, lifetime: timedelta | None) -> TokenAnswer:
        """Make one; its secret is answered now and never again."""
        ...

    def list(self) -> list[TokenAnswer]:
        """Give every one that was made, revoked ones too."""
        ...

    def revoke(self, named: str) -> TokenAnswer:
        """Revoke one, by its id or by a name that only one has."""
        ...


class LocalTokens:
    """Those of a ledger at hand."""

    def __init__(self, connection: AnyConnection) -> None:
        self._connection = connection

    def create(self, name: str, scope: Scope, gateway: str | None, lifetime: timedelta | None) -> TokenAnswer:
        """Make one. (Errors as `access.tokens` says.)"""
        made, secret = create_token(self._connection, name, scope, gateway, lifetime)
        return token_answer(made, secret)

    def list(self) -> list[TokenAnswer]:
        """Give all of them."""
        return [token_answer(one) for one in list_tokens(self._connection)]

    def revoke(self, named: str) -> TokenAnswer:
        """Revoke one."""
        return token_answer(revoke_token(self._connection, named))


def token_answer(one: Token, secret: str | None = None) -> TokenAnswer:
    """Write a token as it may be shown."""
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
