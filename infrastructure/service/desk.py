"""The desk: one thread writes everything that waits, together; while it commits, the next group gathers.

Deliveries (what was observed elsewhere) and requests (commands of engines that Heartline is itself) wait in one
line and go through one recorder, so that both see the same engines in hand.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic, time_ns
from typing import Any, TypeVar

import psycopg

from domain.errors import HeartlineError
from infrastructure.engine.answers import AnyAnswer
from infrastructure.engine.context_engine import ContextEngine, Work
from infrastructure.engine.requests import AnyRequest
from infrastructure.ledger.errors import DatabaseRefused, DatabaseUnavailable, NotALedger, Unanswered
from infrastructure.ledger.grouping import Grouped, Limits
from infrastructure.ledger.hints import GatheringTeller
from infrastructure.ledger.ledger import Ledger
from infrastructure.recorder.deliveries import Delivery, Recorded
from infrastructure.recorder.recorder import Recorder
from infrastructure.service.logs import LOGGER, warn
from infrastructure.service.meters import Meters

ANSWER_SECONDS = 30.0
"""How long an answer may take: twice what a commit waits for a lock. A database that hangs gives none."""

AWAY_SECONDS = 0.5
"""For how long after the database could not be reached everybody is told so at once, without trying again."""

DESK = Limits(waiting_tasks=4_096, waiting_bytes=256 * 1024 * 1024, group_tasks=256, group_bytes=8 * 1024 * 1024)
"""How much may wait at the desk, and how much is written at once."""

_AWAY = "The database is away: try again in a second."

_NOT_KNOWN = (
    "The service failed while it wrote this and others, and what became of it is not known: ask for the engine's "
    "state, and give requests a delivery id, under which they can be sent again."
)

_REFUSED = (
    "The database could not do it ({}): see `heartline doctor`. What became of it is not known: send it again under the"
    " same delivery id."
)

Task = Delivery | AnyRequest
Answer = Recorded | AnyAnswer
Pending = asyncio.Future[Any]
T = TypeVar("T")


class _Opened:
    """What the desk works with while its connection holds."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.recorder = Recorder(ledger)
        self.engine = ContextEngine(ledger)
        self.teller = GatheringTeller()

    def note(self, delivery: Delivery, recorded: Recorded) -> None:
        """Note which partitions grew."""
        partitions = (self.ledger.partition_of(delivery.gateway, one.engine_key) for one in recorded.written)
        self.teller.note(partitions if recorded.events else ())


class Desk:
    """Takes what is to be written, from an event loop. A group is one batch of the recorder."""

    def __init__(self, open_ledger: Callable[[], Ledger], meters: Meters, limits: Limits = DESK) -> None:
        self._open_ledger, self._meters = open_ledger, meters
        self._open: _Opened | None = None
        self._away_until = 0.0
        self._grouped: Grouped[Task, Pending, Answer] = Grouped(
            self._handle,
            _deliver,
            name="desk",
            limits=limits,
            grouped=meters.group.observe,
            between=self._tell,
            ended=self._let_go,
        )
        meters.waiting.set_function(lambda: self._grouped.depth)

    async def answered(self, pending: "asyncio.Future[T]") -> T:
        """Wait for an answer.

        Raises:
            Unanswered: none came in time; what became of it is not known.
            HeartlineError: why there is none.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await pending
        except TimeoutError:
            raise Unanswered(
                f"The database did not answer in {ANSWER_SECONDS:g} s. What became of it is not known: send it again "
                "under the same delivery id."
            ) from None

    def deliver(self, delivery: Delivery, size: int) -> "asyncio.Future[Recorded]":
        """Put a delivery of so many bytes in the line; what the future gives is durable. Called in an event loop.

        Raises:
            QueueFull: as much waits as may; nothing of it is accepted.
            ShuttingDown: the service is ending.
        """
        return self._submit(delivery, size)

    def ask(self, request: AnyRequest, size: int) -> "asyncio.Future[AnyAnswer]":
        """Put a command of an engine in the line; likewise."""
        return self._submit(request, size)

    def refuse(self) -> None:
        """Take nothing more; what was accepted is still written."""
        self._grouped.refuse()

    def close(self, seconds: float) -> bool:
        """Take nothing more, and write what was accepted within so long; say whether all of it was."""
        return self._grouped.close(seconds)

    def _submit(self, task: Task, size: int) -> Pending:
        pending: Pending = asyncio.get_running_loop().create_future()
        self._grouped.submit(task, size, pending)
        return pending

    def _handle(self, group: list[Task]) -> Sequence[Answer | Exception]:
        """Write a group. Each gets an error of its own: a shared one would keep every frame that it is raised in."""
        try:
            return self._write(self._opened(), group)
        except DatabaseUnavailable as error:
            if self._open is not None:
                self._go_away(error)
            return [DatabaseUnavailable(str(error)) for _task in group]
        except (DatabaseRefused, NotALedger) as error:  # nobody's fault: each alone would wait for the same limits
            return [type(error)(str(error)) for _task in group]
        except psycopg.Error as error:  # a schema of another version, a database that may only be read
            self._let_go()
            warn("the database refused", error=type(error).__name__, code=error.sqlstate)
            return [DatabaseRefused(_REFUSED.format(" ".join(str(error).split()))) for _task in group]
        except Exception as error:
            if len(group) > 1:
                return [answer for one in group for answer in self._alone(one)]  # it is the fault of one of them
            if not isinstance(error, HeartlineError):
                LOGGER.error("a delivery could not be handled", exc_info=error)
            return [error]

    def _alone(self, task: Task) -> Sequence[Answer | Exception]:
        """Try one of a group that failed. What has no id may have been written, and would be written twice."""
        return [Unanswered(_NOT_KNOWN)] if task.delivery_id is None else self._handle([task])

    def _write(self, opened: _Opened, group: list[Task]) -> Sequence[Answer | Exception]:
        now = time_ns() // 1_000
        taken = [_taken(opened.engine, task, now) for task in group]
        deliveries = [one.delivery if isinstance(one, Work) else one for one in taken if not isinstance(one, Exception)]
        recorded = iter(opened.recorder.record_each(deliveries))
        answers: list[Answer | Exception] = []
        for one in taken:
            if isinstance(one, Exception):
                answers.append(one)
                continue
            what = next(recorded)
            self._meters.events.inc(what.events)
            opened.note(one.delivery if isinstance(one, Work) else one, what)
            answers.append(_answered(opened.engine, one, what) if isinstance(one, Work) else what)
        return answers

    def _tell(self) -> float | None:
        """Hint at what was written, to those who follow the ledger."""
        return None if self._open is None else self._open.teller.tell(self._open.ledger.connection)

    def _opened(self) -> _Opened:
        if self._open is None:
            if monotonic() < self._away_until:
                raise DatabaseUnavailable(_AWAY)
            try:
                self._open = _Opened(self._open_ledger())
            except HeartlineError as error:
                self._go_away(error)
                raise
        return self._open

    def _go_away(self, error: HeartlineError) -> None:
        self._let_go()
        self._away_until = monotonic() + AWAY_SECONDS
        warn("the database is away", code=error.code, reason=str(error))

    def _let_go(self) -> None:
        if self._open is not None:
            with suppress(psycopg.Error):  # it is broken: that is why it is let go
                self._open.ledger.close()
        self._open = None


def _taken(engine: ContextEngine, task: Task, now: int) -> Delivery | Work | HeartlineError:
    if isinstance(task, Delivery):
        return task
    try:
        return engine.take(task, now)
    except HeartlineError as error:
        return error


def _answered(engine: ContextEngine, work: Work, recorded: Recorded) -> AnyAnswer | Exception:
    try:
        return engine.answer(work, recorded)
    except (DatabaseUnavailable, psycopg.Error):
        raise
    except Exception as error:
        if not isinstance(error, HeartlineError):
            LOGGER.error("a command was done and could not be answered", exc_info=error)
        return error


def _deliver(outcomes: list[tuple[Pending, Answer | Exception]]) -> None:
    """Give a whole group its outcomes, waking the loop once."""
    with suppress(RuntimeError):  # the loop has ended: nobody waits any more
        outcomes[0][0].get_loop().call_soon_threadsafe(_settle, outcomes)


def _settle(outcomes: list[tuple[Pending, Answer | Exception]]) -> None:
    for pending, outcome in outcomes:
        if pending.done():  # its request was given up meanwhile
            continue
        if isinstance(outcome, Exception):
            pending.set_exception(outcome)
        else:
            pending.set_result(outcome)
