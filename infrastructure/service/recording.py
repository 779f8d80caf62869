"""The recording desk: one thread writes everything that waits, together; while it commits, the next group gathers."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic

import psycopg

from domain.errors import HeartlineError
from infrastructure.ledger.errors import DatabaseUnavailable
from infrastructure.ledger.grouping import Grouped, Limits
from infrastructure.ledger.ledger import Ledger
from infrastructure.recorder.deliveries import Delivery, Recorded
from infrastructure.recorder.recorder import Recorder
from infrastructure.service.logs import warn
from infrastructure.service.meters import Meters

AWAY_SECONDS = 0.5
"""For how long after the database could not be reached everybody is told so at once, without trying again."""

DESK = Limits(waiting_tasks=4_096, waiting_bytes=256 * 1024 * 1024, group_tasks=256, group_bytes=8 * 1024 * 1024)
"""How much may wait at the desk, and how much is written at once."""

Pending = asyncio.Future[Recorded]


class Recording:
    """Takes deliveries from an event loop. A group is one batch of the recorder, which has a connection of its own."""

    def __init__(self, open_ledger: Callable[[], Ledger], meters: Meters, limits: Limits = DESK) -> None:
        self._open_ledger, self._meters = open_ledger, meters
        self._recorder: Recorder | None = None
        self._ledger: Ledger | None = None
        self._away_until = 0.0
        self._away = DatabaseUnavailable("")
        self._grouped: Grouped[Delivery, Pending, Recorded] = Grouped(
            self._record, _deliver, name="recording", limits=limits, grouped=meters.group.observe, ended=self._let_go
        )
        meters.waiting.set_function(lambda: self._grouped.depth)

    def submit(self, delivery: Delivery, size: int) -> Pending:
        """Put a delivery of so many bytes in the line; what the future gives is durable. Called in an event loop.

        Raises:
            QueueFull: as much waits as may; nothing of it is accepted.
            ShuttingDown: the service is ending.
        """
        pending: Pending = asyncio.get_running_loop().create_future()
        self._grouped.submit(delivery, size, pending)
        return pending

    def refuse(self) -> None:
        """Take nothing more; what was accepted is still written."""
        self._grouped.refuse()

    def close(self, seconds: float) -> bool:
        """Take nothing more, and write what was accepted within so long; say whether all of it was."""
        return self._grouped.close(seconds)

    def _record(self, group: list[Delivery]) -> Sequence[Recorded | Exception]:
        recorder = self._opened()
        try:
            answers = recorder.record_each(group)
        except (DatabaseUnavailable, psycopg.Error) as error:
            self._let_go()
            self._go_away(error)
            raise
        except HeartlineError as error:
            if len(group) == 1:
                return [error]
            return [answer for one in group for answer in self._record([one])]  # it is the fault of one of them
        self._meters.events.inc(sum(answer.events for answer in answers))
        return answers

    def _opened(self) -> Recorder:
        if self._recorder is None:
            if monotonic() < self._away_until:
                raise self._away
            try:
                self._ledger = self._open_ledger()
            except HeartlineError as error:
                self._go_away(error)
                raise
            self._recorder = Recorder(self._ledger)
        return self._recorder

    def _go_away(self, error: Exception) -> None:
        self._away_until = monotonic() + AWAY_SECONDS
        self._away = DatabaseUnavailable(str(error))
        warn("the database is away", code=getattr(error, "code", type(error).__name__))

    def _let_go(self) -> None:
        if self._ledger is not None:
            with suppress(psycopg.Error):  # it is broken: that is why it is let go
                self._ledger.close()
        self._ledger = self._recorder = None


def _deliver(outcomes: list[tuple[Pending, Recorded | Exception]]) -> None:
    """Give a whole group its outcomes, waking the loop once."""
    with suppress(RuntimeError):  # the loop has ended: nobody waits any more
        outcomes[0][0].get_loop().call_soon_threadsafe(_settle, outcomes)


def _settle(outcomes: list[tuple[Pending, Recorded | Exception]]) -> None:
    for pending, outcome in outcomes:
        if pending.done():  # its request was given up meanwhile
            continue
        if isinstance(outcome, Exception):
            pending.set_exception(outcome)
        else:
            pending.set_result(outcome)
