"""Hints that a partition grew: NOTIFY after the commit, coalesced, and LISTEN.

A hint may be lost, come late or come for nothing. Whoever waits for one polls besides: the log is the truth.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from threading import Lock
from time import monotonic

import psycopg
from psycopg.sql import SQL, Identifier

from infrastructure.ledger.connection import AnyConnection, connect, losing_the_database
from infrastructure.ledger.sql import statement

TELL_SECONDS = 0.02
"""How often a busy writer hints: a hint costs a transaction, and nobody needs one sooner."""


def channel_of(partition: int) -> str:
    """Name the channel on which a partition's hints come."""
    return f"heartline_{partition}"


class Teller:
    """Tells those who listen to one partition. Threads that tell while another one is at it leave it to that one."""

    def __init__(self, partition: int) -> None:
        self._channel = channel_of(partition)
        self._telling = Lock()
        self._wanted = False

    def tell(self, connection: AnyConnection) -> None:
        """Hint that something was appended; call it after the append was acknowledged. Never fails: it is a hint."""
        self._wanted = True
        while self._wanted and self._telling.acquire(blocking=False):
            try:
                self._wanted = False
                with suppress(psycopg.Error):
                    connection.execute(statement("queries/tell"), {"channel": self._channel})
            finally:
                self._telling.release()


class GatheringTeller:
    """Tells those who listen to any partition, of many appends at once and at most every so often. For one thread."""

    def __init__(self, seconds: float = TELL_SECONDS) -> None:
        self._seconds = seconds
        self._grown: set[int] = set()
        self._not_before = 0.0

    def note(self, partitions: Iterable[int]) -> None:
        """Note that these partitions grew."""
        self._grown.update(partitions)

    def tell(self, connection: AnyConnection) -> float | None:
        """Hint at what was noted, or give the seconds after which that is due; None if nothing is. Never fails."""
        if not self._grown:
            return None
        now = monotonic()
        if now < self._not_before:
            return self._not_before - now
        self._not_before = now + self._seconds
        channels = [channel_of(partition) for partition in self._grown]
        self._grown.clear()
        with suppress(psycopg.Error):
            connection.execute(statement("queries/tell_all"), {"channels": channels})
        return None


class Listener:
    """Waits for hints of some partitions, on a connection of its own. Not for use by several threads at once."""

    def __init__(self, conninfo: str, partitions: Sequence[int]) -> None:
        self._connection = connect(conninfo)
        with losing_the_database():
            for partition in partitions:
                self._connection.execute(SQL("listen {}").format(Identifier(channel_of(partition))))

    def wait(self, seconds: float) -> bool:
        """Wait for a hint, at most so long; say whether one came."""
        with losing_the_database():
            return any(True for _hint in self._connection.notifies(timeout=seconds, stop_after=1))

    def close(self) -> None:
        """Stop listening."""
        self._connection.close()
