"""Hints that a partition grew: NOTIFY after the commit, coalesced, and LISTEN.

A hint may be lost, come late or come for nothing. Whoever waits for one polls besides: the log is the truth.
"""

from collections.abc import Iterable
from contextlib import suppress
from threading import Lock
from time import monotonic

import psycopg
from psycopg.sql import SQL, Identifier

from infrastructure.ledger.connection import AnyConnection, connect, losing_the_database
from infrastructure.ledger.sql import statement

TELL_SECONDS = 0.02
"""How often a busy writer hints: a hint costs a transaction, and nobody needs one sooner."""


CHANNEL = "heartline_"
"""What the names of channels begin with; the number of a partition follows."""


def channel_of(partition: int) -> str:
    """Name the channel on which a partition's hints come."""
    return f"{CHANNEL}{partition}"


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
    """Waits for hints of some partitions, on a connection that may be asked meanwhile, by the same thread."""

    def __init__(self, connection: AnyConnection, partitions: Iterable[int]) -> None:
        self._connection = connection
        listens = [SQL("listen {}").format(Identifier(channel_of(partition))) for partition in partitions]
        with losing_the_database():
            connection.execute(SQL("; ").join(listens))

    @classmethod
    def open(cls, conninfo: str, partitions: Iterable[int]) -> "Listener":
        """Listen on a connection of its own.

        Raises:
            DatabaseUnavailable: the database can't be reached.
        """
        return cls(connect(conninfo), partitions)

    def wait(self, seconds: float) -> frozenset[int]:
        """Wait for hints, at most so long; give the partitions that they named, none if none came.

        Raises:
            DatabaseUnavailable: the database went away.
        """
        with losing_the_database():
            hints = list(self._connection.notifies(timeout=seconds, stop_after=1))
        return frozenset(int(hint.channel.removeprefix(CHANNEL)) for hint in hints)

    def fileno(self) -> int:
        """Give what becomes readable when a hint comes."""
        return self._connection.fileno()

    def close(self) -> None:
        """Close the connection, and so stop listening."""
        self._connection.close()
