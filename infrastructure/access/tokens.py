"""Tokens as they are made, listed and revoked.

A token's text is `heartline_<id>_<43 url-safe characters>`: a prefix by which scanners for leaked secrets can know it,
an id that may be shown, and 32 random bytes. The text is shown once. Only its SHA-256 is kept: nobody can guess 32
random bytes, so that a slow hash, which makes guessing passwords dear, would only make requests slow.
"""

import re
from datetime import timedelta
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from psycopg.rows import class_row

from domain.keys import check_gateway
from infrastructure.access.errors import BadToken, TokenNotFound
from infrastructure.access.scopes import Scope
from infrastructure.ledger.connection import AnyConnection, losing_the_database
from infrastructure.ledger.sql import statement

PREFIX: Final = "heartline"
ID_BYTES: Final = 6
SECRET_BYTES: Final = 32
TEXT_FORM: Final = re.compile(r"heartline_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
"""How a token's text is written: its id, its secret."""

LONGEST: Final = timedelta(days=36_525)
"""A hundred years."""

NAME_FORM: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 ._@-]{0,62}[A-Za-z0-9._@-])?")
"""How a person may name a token."""


class Token(Struct, frozen=True):
    """A token as it may be shown. Times in µs since the Unix epoch; `gateway` is that of the scope `write`."""

    token_id: str
    name: str
    scope: Scope
    gateway: str | None
    created_at: int
    expires_at: int | None
    revoked_at: int | None

    def live(self, now: int) -> bool:
        """Say whether it works at a time (µs since the Unix epoch)."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def digest_of(text: str) -> bytes:
    """Digest (32 bytes) by which a token's text is known again."""
    return sha256(text.encode()).digest()


def create_token(
    connection: AnyConnection,
    name: str,
    scope: Scope,
    gateway: str | None = None,
    lifetime: timedelta | None = None,
) -> tuple[Token, str]:
    """Make a token; give it and its text, which nobody can give again. It lives for good where `lifetime` is None.

    Raises:
        BadToken: the name is none, or the scope `write` has no gateway, or another scope has one.
        BadGateway: the gateway's name is none.
        DatabaseUnavailable: the database went away.
    """
    _check(name, scope, gateway, lifetime)
    while True:
        token_id = token_hex(ID_BYTES)
        text = f"{PREFIX}_{token_id}_{token_urlsafe(SECRET_BYTES)}"
        parameters = {
            "token_id": token_id,
            "name": name,
            "digest": digest_of(text),
            "scope": scope,
            "gateway": gateway,
            "lifetime": None if lifetime is None else lifetime // timedelta(microseconds=1),
        }
        with losing_the_database():
            kept = connection.execute(statement("queries/keep_token"), parameters).fetchone()
        if kept is not None:  # else two tokens came under one id
            created_at, expires_at = kept
            return Token(token_id, name, scope, gateway, created_at, expires_at, None), text  # type: ignore[arg-type]  # bigint, or null


def list_tokens(connection: AnyConnection) -> list[Token]:
    """Give every token that was ever made, the oldest first."""
    with losing_the_database(), connection.cursor(row_factory=class_row(Token)) as cursor:
        return cursor.execute(statement("queries/tokens")).fetchall()


def revoke_token(connection: AnyConnection, named: str) -> Token:
    """Revoke a token by its id, or by its name if only one that is not revoked has it. One that was revoked stays so.

    Raises:
        TokenNotFound: none is meant, or several are; it names the candidates.
        DatabaseUnavailable: the database went away.
    """
    token = _meant(list_tokens(connection), named)
    with losing_the_database():
        row = connection.execute(statement("queries/revoke_token"), {"token_id": token.token_id}).fetchone()
    revoked_at: int | None = row[0] if row else None  # type: ignore[assignment]  # bigint: tokens are never deleted
    return replace(token, revoked_at=revoked_at)


def _check(name: str, scope: Scope, gateway: str | None, lifetime: timedelta | None) -> None:
    if not NAME_FORM.fullmatch(name):
        raise BadToken(
            f"{name!r} can't name a token: use 1 to 64 letters, digits, spaces, '.', '_', '@' and '-', first a letter "
            "or a digit."
        )
    if lifetime is not None and not timedelta(0) < lifetime <= LONGEST:
        raise BadToken("A token lives for some time, and for 100 years at most: give an age such as 90d.")
    match scope, gateway:
        case "write", None:
            raise BadToken("A token with the scope write is for one gateway: name it with --gateway.")
        case "write", str(named):
            check_gateway(named)
        case (("read" | "admin"), None):
            pass
        case _:
            raise BadToken(f"A token with the scope {scope} is for all gateways: leave --gateway out.")


def _meant(tokens: list[Token], named: str) -> Token:
    by_id = [one for one in tokens if one.token_id == named]
    found = by_id or [one for one in tokens if one.name == named and one.revoked_at is None]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(one.token_id for one in found)
        raise TokenNotFound(f"{len(found)} tokens are named {named}: give the id of one, {ids}.")
    if named.startswith(f"{PREFIX}_"):  # perhaps a token's text, which is not repeated: errors end up in logs
        raise TokenNotFound("That is no token's id: the id of a token is what stands between its underscores.")
    raise TokenNotFound(f"No token that works has the id or name {named!r}: see `heartline token list`.")
