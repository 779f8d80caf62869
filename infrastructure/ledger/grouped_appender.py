"""Appends of many callers, grouped: one commit serves all that wait."""

from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from typing import Generic, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from domain.errors import HeartlineError
from infrastructure.ledger.appending import Append, Appended, Group
from infrastructure.ledger.errors import AppendRefused, DatabaseRefused, DatabaseUnavailable
from infrastructure.ledger.grouping import DEFAULT_LIMITS, Deliver, Grouped, Limits
from infrastructure.ledger.hints import GatheringTeller
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.waiting import Waiting, call, settle

Waiter = TypeVar("Waiter")

CONNECTIONS = 2
"""How many connections commit at the same time (measured on two cores: a third gains nothing)."""

AWAY_SECONDS = 0.5
"""How long a database that could not be reached is not asked again."""

CALL_SECONDS = 30.0
"""How long a thread waits for its answer."""

_OVERHEAD = 256
"""Bytes that are counted for an append and for each event besides their payloads."""

_UNKNOWN = (
    "The database went away while it was written, and what became of it is not known: send it again under the same"
    " delivery id. Nothing acknowledged is lost."
)


_REFUSED = "The database could not do it ({}). Nothing of it was written; see `heartline doctor`."


class GroupedAppender(Generic[Waiter]):
    """Appends for many callers at once, through a few connections. `submit` may be called from any thread.

    Partition p is served by connection p mod their number, so that connections never wait for each other's heads. A
    caller's conflict, mismatch or bad request fails that caller only. `open_ledger` is called in the workers' threads:
    when there is something to write, and again after the database went away. Limits are of each connection.
    """

    def __init__(
        self,
        open_ledger: Callable[[], Ledger],
        deliver: Deliver[Waiter, list[Appended]],
        *,
        connections: int = CONNECTIONS,
        limits: Limits = DEFAULT_LIMITS,
        grouped: Callable[[int], None] | None = None,
    ) -> None:
        self._lines: list[Grouped[Group, Waiter, list[Appended]]] = []
        for number in range(connections):
            writer = _Writer(open_ledger)
            self._lines.append(
                Grouped(
                    writer.write,
                    deliver,
                    name=f"heartline-append-{number}",
                    limits=limits,
                    grouped=grouped,
                    between=writer.tell,
                    ended=writer.close,
                )
            )

    @property
    def depth(self) -> int:
        """How many callers' appends wait to be written."""
        return sum(line.depth for line in self._lines)

    def submit(self, partition: int, appends: Sequence[Append], waiter: Waiter) -> None:
        """Have appends written that were decided together; the waiter gets what `Ledger.append` would answer.

        It gets an error if they were refused (AppendRefused, DatabaseRefused: nothing of them was written), or if the
        database is away or went away (DatabaseUnavailable: it says whether they may have been written).

        Raises:
            QueueFull: as much waits as may; nothing of it was accepted.
            ShuttingDown: the appender is being closed.
        """
        line = self._lines[partition % len(self._lines)]
        line.submit(Group(partition, appends), _size(appends), waiter)

    def close(self, seconds: float) -> bool:
        """Take nothing more, finish what was accepted within so long, and disconnect; say whether all was finished."""
        until = monotonic() + seconds
        for line in self._lines:
            line.refuse()
        closed = [line.close(until - monotonic()) for line in self._lines]
        return all(closed)


class ThreadsAppender(GroupedAppender[Waiting[list[Appended]]]):
    """A grouped appender whose callers are threads that wait."""

    def __init__(
        self,
        open_ledger: Callable[[], Ledger],
        *,
        connections: int = CONNECTIONS,
        limits: Limits = DEFAULT_LIMITS,
        grouped: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(open_ledger, settle, connections=connections, limits=limits, grouped=grouped)

    def append(self, partition: int, appends: Sequence[Append], seconds: float = CALL_SECONDS) -> list[Appended]:
        """Append a group to one partition; what it answers is durable.

        Raises:
            AppendRefused, DatabaseRefused: nothing of it was written.
            DatabaseUnavailable: the database is away, or went away; it says whether the group may have been written.
            QueueFull, ShuttingDown: it was not accepted.
            Unanswered: no answer came within so long; what became of it is not known.
        """
        return call(partial(self.submit, partition, appends), seconds)


class _Writer:
    """One connection, as its worker uses it."""

    def __init__(self, open_ledger: Callable[[], Ledger]) -> None:
        self._open = open_ledger
        self._ledger: Ledger | None = None
        self._away: HeartlineError | None = None
        self._away_until = 0.0
        self._teller = GatheringTeller()

    def write(self, groups: list[Group]) -> list[list[Appended] | Exception]:
        """Write groups in one transaction; if the database refuses it, find out by halves whose request is bad."""
        try:
            ledger = self._opened()
        except HeartlineError as error:
            return [type(error)(str(error)) for _group in groups]
        try:
            answers = ledger.append_groups(groups)
        except DatabaseUnavailable:
            self.close()
            return [DatabaseUnavailable(_UNKNOWN) for _group in groups]
        except AppendRefused as error:
            if len(groups) == 1:
                return [error]
            half = len(groups) // 2
            return self.write(groups[:half]) + self.write(groups[half:])
        except HeartlineError as error:
            return [type(error)(str(error)) for _group in groups]
        except psycopg.Error as error:  # a schema of another version, a database that may only be read
            return [DatabaseRefused(_REFUSED.format(" ".join(str(error).split()))) for _group in groups]
        finally:
            self._drop_if_broken()
        self._teller.note(group.partition for group in groups)
        return list(answers)

    def tell(self) -> float | None:
        """Hint at what was written; give the seconds after which to call it again."""
        return None if self._ledger is None else self._teller.tell(self._ledger.connection)

    def close(self) -> None:
        """Disconnect."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    def _opened(self) -> Ledger:
        if self._ledger is not None:
            return self._ledger
        if self._away is not None and monotonic() < self._away_until:
            raise self._away
        try:
            self._ledger = self._open()
        except HeartlineError as error:
            self._away, self._away_until = error, monotonic() + AWAY_SECONDS
            raise
        self._away = None
        return self._ledger

    def _drop_if_broken(self) -> None:
        """Connect anew before the next group, if something left the connection in a state that is of no use."""
        ledger = self._ledger
        if ledger is not None and ledger.connection.info.transaction_status != TransactionStatus.IDLE:
            self.close()


def _size(appends: Sequence[Append]) -> int:
    size = 0
    for one in appends:
        size += _OVERHEAD
        for _kind, payload in one.events:
            size += _OVERHEAD + len(payload)
        for content in one.contents:
            size += _OVERHEAD + len(content.data or b"")
    return size
