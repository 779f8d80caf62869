"""Taking the lines of one request to the desk, in order, and keeping what became of each."""

import asyncio
from asyncio import Future
from collections import Counter, deque
from collections.abc import AsyncIterable, Callable

from domain.errors import HeartlineError
from infrastructure.answers.objects import LineAnswer, LinesAnswer
from infrastructure.http.errors import TooLarge
from infrastructure.http.limits import Limits
from infrastructure.http.problems import cut
from infrastructure.ledger.errors import QueueFull
from infrastructure.openclaw.importer import outcome_of
from infrastructure.openclaw.lines import Line
from infrastructure.recorder.deliveries import Delivery, Recorded
from infrastructure.recorder.recorder import UNDECIDED
from infrastructure.service.service import Service

WINDOW = 256
"""How many lines of one request wait to be written at once: more would only fill the desk."""

LARGE = 256 * 1024
"""Bytes from which a line is read by another thread, so that other requests don't wait for it."""

TURN_SECONDS = 0.005
"""After how long the lines of one request, which may be many and bad, let other requests have a turn."""

DeliveryOf = Callable[[Line], Delivery | None]
"""Gives what a line delivers; None where it changes no engine."""


class Intake:
    """Puts the lines of one request before the recording desk, in order, and keeps what became of each."""

    def __init__(self, service: Service, limits: Limits, delivery_of: DeliveryOf) -> None:
        self._service, self._limits, self._delivery_of = service, limits, delivery_of
        self._pending: deque[tuple[int, Delivery, Future[Recorded]]] = deque()
        self._answers: dict[int, LineAnswer] = {}

    async def take(self, lines: AsyncIterable[Line]) -> LinesAnswer:
        """Record lines; what is answered of each is durable.

        Raises:
            TooLarge: there are too many.
            QueueFull, ShuttingDown, DatabaseUnavailable, StreamMoved: whatever was not answered has to come again.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + TURN_SECONDS
        try:
            async for line in lines:
                if len(self._answers) + len(self._pending) >= self._limits.lines:
                    raise TooLarge(
                        f"More than {self._limits.lines} lines: what came before line {line.number} is recorded; send "
                        "the rest by itself."
                    )
                await self._take(line)
                if clock() > until:
                    await asyncio.sleep(0)
                    until = clock() + TURN_SECONDS
            while self._pending:
                await self._answer_oldest()
        finally:
            for _number, _delivery, pending in self._pending:
                pending.cancel()  # it is written, and nobody waits for what it came to
        return self._told()

    async def _take(self, line: Line) -> None:
        size = len(line.content or b"")
        try:
            if size > LARGE:
                delivery = await asyncio.get_running_loop().run_in_executor(
                    self._service.readers, self._delivery_of, line
                )
            else:
                delivery = self._delivery_of(line)
        except HeartlineError as error:
            self._answers[line.number] = LineAnswer(line.number, "rejected", reason=cut(str(error)))
            return
        if delivery is None:
            self._answers[line.number] = LineAnswer(line.number, "ignored")
            return
        while len(self._pending) >= WINDOW:
            await self._answer_oldest()
        self._pending.append((line.number, delivery, await self._submit(delivery, size)))

    async def _submit(self, delivery: Delivery, size: int) -> Future[Recorded]:
        """Wait for a place while lines of this request have some; whoever has none comes again later."""
        while True:
            try:
                return self._service.desk.deliver(delivery, size)
            except QueueFull:
                if not self._pending:
                    raise
                await self._answer_oldest()

    async def _answer_oldest(self) -> None:
        number, delivery, pending = self._pending.popleft()
        self._answers[number] = _answer(number, delivery, await self._service.desk.answered(pending))

    def _told(self) -> LinesAnswer:
        lines = [self._answers[number] for number in sorted(self._answers)]
        came = Counter(line.outcome for line in lines)
        for outcome, count in came.items():
            self._service.meters.lines.labels(outcome).inc(count)
        return LinesAnswer(
            recorded=came["recorded"],
            duplicates=came["duplicate"],
            ignored=came["ignored"],
            rejected=came["rejected"],
            events=sum(line.events for line in lines if line.outcome == "recorded"),
            lines=lines,
        )


def _answer(number: int, delivery: Delivery, recorded: Recorded) -> LineAnswer:
    if isinstance(recorded.error, UNDECIDED):  # it was not looked at well enough to be rejected
        raise recorded.error
    told = outcome_of(delivery, recorded)
    return LineAnswer(
        number, told.outcome, told.events, told.engine_keys, told.reason and cut(told.reason), told.gateway
    )
