"""Looks tokens up for a service that runs for long: what is created or revoked meanwhile counts within a second."""

import time
from collections.abc import Callable, Sequence
from hmac import compare_digest
from threading import Lock
from typing import Final

from msgspec import Struct
from psycopg.rows import class_row

from infrastructure.access.errors import UnknownToken
from infrastructure.access.scopes import Grant, Scope
from infrastructure.access.tokens import TEXT_FORM, digest_of
from infrastructure.ledger.connection import AnyConnection, losing_the_database
from infrastructure.ledger.sql import statement

KEEP_SECONDS: Final = 1.0
"""For how long what was read of the tokens is believed."""

KEEP_SECONDS_FOR_UNKNOWN: Final = 0.1
"""For how long it is believed that there is no such token: whoever has just made one uses it at once."""

_NOBODYS: Final = bytes(32)


class Known(Struct, frozen=True):
    """What is read of a token that was not revoked. `expires_at` in µs since the Unix epoch."""

    token_id: str
    digest: bytes
    scope: Scope
    gateway: str | None
    expires_at: int | None


def tokens_in_use(connection: AnyConnection) -> list[Known]:
    """Read the tokens that were not revoked.

    Raises:
        DatabaseUnavailable: the database went away.
    """
    with losing_the_database(), connection.cursor(row_factory=class_row(Known), binary=True) as cursor:
        return cursor.execute(statement("queries/tokens_in_use")).fetchall()


def _wall_clock() -> int:
    return time.time_ns() // 1_000


class Keyring:
    """Knows the tokens as they were at most a second ago. For use by several threads at once.

    `read` gives the tokens that were not revoked (`tokens_in_use` on some connection). It is called at most once a
    second, and ten times where unknown tokens are presented: so guessing costs the database next to nothing. `elapsed`
    gives seconds that never go back, `now` µs since the Unix epoch.
    """

    def __init__(
        self,
        read: Callable[[], Sequence[Known]],
        elapsed: Callable[[], float] = time.monotonic,
        now: Callable[[], int] = _wall_clock,
    ) -> None:
        self._read = read
        self._elapsed = elapsed
        self._now = now
        self._reading = Lock()
        self._known: dict[str, Known] = {}
        self._read_at: float | None = None
        self._changed_at: float | None = None

    def changed(self) -> None:
        """Hear that the tokens were changed just now: what was read of them before is not believed any more."""
        self._changed_at = self._elapsed()

    def fresh(self, presented: str | None = None) -> bool:
        """Say whether to look this text up needs no query, and so does not wait."""
        if self._read_at is None or (self._changed_at is not None and self._read_at <= self._changed_at):
            return False
        form = TEXT_FORM.fullmatch(presented) if presented else None
        unknown = form is not None and form[1] not in self._known
        return self._elapsed() - self._read_at < (KEEP_SECONDS_FOR_UNKNOWN if unknown else KEEP_SECONDS)

    def refresh(self, presented: str | None = None) -> None:
        """Read the tokens anew unless they are fresh enough for this text. Several threads wait for one query.

        Raises:
            DatabaseUnavailable: the database went away; no token is believed meanwhile.
        """
        if self.fresh(presented):
            return
        with self._reading:
            if self.fresh(presented):
                return
            began = self._elapsed()
            self._known = {one.token_id: one for one in self._read()}
            self._read_at = began

    def grant(self, presented: str) -> Grant:
        """Say what is granted to whoever presents this text, as of now.

        Raises:
            UnknownToken: it is no token, or one that was revoked or has expired.
            DatabaseUnavailable: the database went away.
        """
        self.refresh(presented)
        return self.look_up(presented)

    def look_up(self, presented: str) -> Grant:
        """Say the same as of when the tokens were read last; this never waits.

        Raises:
            UnknownToken: it is no token, or one that was revoked or has expired.
        """
        form = TEXT_FORM.fullmatch(presented)
        known = self._known.get(form[1]) if form else None
        # The id is no secret; of the rest a comparison must not tell how much of it was right.
        right = compare_digest(digest_of(presented) if form else _NOBODYS, known.digest if known else _NOBODYS)
        if known is None or not right or not self._lives(known):
            raise UnknownToken(
                "The token is unknown, was revoked or has expired: see `heartline token list`, and make one with "
                "`heartline token create`."
            )
        return Grant(known.token_id, known.scope, known.gateway)

    def any_live(self) -> bool:
        """Say whether there is a token that works.

        Raises:
            DatabaseUnavailable: the database went away.
        """
        self.refresh()
        return any(self._lives(one) for one in self._known.values())

    def _lives(self, known: Known) -> bool:
        return known.expires_at is None or self._now() < known.expires_at
