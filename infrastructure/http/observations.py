"""Recording over HTTP: observed calls of a host, and what it submitted to the model, one a line."""

import asyncio
from asyncio import Future
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Annotated, Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter
from msgspec import Struct, field

from domain.errors import HeartlineError
from domain.keys import check_gateway
from infrastructure.http.admission import gateway_for, granted
from infrastructure.http.bodies import Lines, document
from infrastructure.http.errors import TooLarge
from infrastructure.http.limits import HeldBytes, Limits
from infrastructure.ledger.errors import QueueFull, StreamMoved
from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.deliveries import call_delivery, stage_of, submission_delivery, submitted_engine_key
from infrastructure.openclaw.lines import Line
from infrastructure.openclaw.observed import KeyedBy
from infrastructure.openclaw.submitted import Submissions
from infrastructure.recorder.deliveries import Delivery, Outcome, Recorded
from infrastructure.service.service import Service

WINDOW = 256
"""How many lines of one request wait to be written at once: more would only fill the desk."""

LARGE = 256 * 1024
"""Bytes from which a line is read by another thread, so that other requests don't wait for it."""


class LineAnswer(Struct, frozen=True):
    """What became of a line, by its number from 1: how many events were written for it, to which engines."""

    line: int
    outcome: Outcome
    events: int = 0
    engine_keys: tuple[str, ...] = ()
    reason: str | None = None


class LinesAnswer(Struct):
    """What became of every line that isn't blank: their numbers are counted, and each is answered by itself."""

    recorded: int = 0
    duplicates: int = 0
    ignored: int = 0
    rejected: int = 0
    events: int = 0
    lines: list[LineAnswer] = field(default_factory=list)


DeliveryOf = Callable[[Line], Delivery | None]
"""Gives what a line delivers; None where it changes no engine."""


class _Intake:
    """Puts the lines of one request before the recording desk, in order, and keeps what became of each."""

    def __init__(self, service: Service, limits: Limits, delivery_of: DeliveryOf) -> None:
        self._service, self._limits, self._delivery_of = service, limits, delivery_of
        self._pending: deque[tuple[int, Future[Recorded]]] = deque()
        self._answers: dict[int, LineAnswer] = {}

    async def take(self, lines: AsyncIterable[Line]) -> LinesAnswer:
        async for line in lines:
            if len(self._answers) + len(self._pending) >= self._limits.lines:
                raise TooLarge(
                    f"More than {self._limits.lines} lines: what came before line {line.number} is recorded; send the "
                    "rest by itself."
                )
            await self._take(line)
        while self._pending:
            await self._answer_oldest()
        return self._told()

    async def _take(self, line: Line) -> None:
        size = len(line.content or b"")
        try:
            if size > LARGE:
                delivery = await asyncio.to_thread(self._delivery_of, line)
            else:
                delivery = self._delivery_of(line)
        except HeartlineError as error:
            self._answers[line.number] = LineAnswer(line.number, "rejected", reason=str(error))
            return
        if delivery is None:
            self._answers[line.number] = LineAnswer(line.number, "ignored")
            return
        while len(self._pending) >= WINDOW:
            await self._answer_oldest()
        self._pending.append((line.number, await self._submit(delivery, size)))

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
        number, pending = self._pending.popleft()
        self._answers[number] = _answer(number, await pending)

    def _told(self) -> LinesAnswer:
        answer = LinesAnswer(lines=[self._answers[number] for number in sorted(self._answers)])
        for line in answer.lines:
            match line.outcome:
                case "recorded":
                    answer.recorded += 1
                    answer.events += line.events
                case "duplicate":
                    answer.duplicates += 1
                case "ignored":
                    answer.ignored += 1
                case "rejected":
                    answer.rejected += 1
            self._service.meters.lines.labels(line.outcome).inc()
        return answer


def _answer(number: int, recorded: Recorded) -> LineAnswer:
    if recorded.error is not None:
        if isinstance(recorded.error, StreamMoved):  # it was not looked at well enough to be rejected
            raise recorded.error
        return LineAnswer(number, "rejected", reason=recorded.reason)
    return LineAnswer(number, recorded.outcome, recorded.events, recorded.engine_keys)


GatewayParameter = Annotated[
    str | None,
    QueryParameter(description="The host installation that the calls are of, where they name none.", max_length=64),
]
KeyedByParameter = Annotated[KeyedBy, QueryParameter(description="By what the observed engine kept its state.")]


@post(
    "/observations",
    status_code=200,
    summary="Record observed calls of a context engine.",
    tags=["record"],
    request_max_body_size=None,
)
async def observations(
    request: Request[Any, Any, Any],
    service: NamedDependency[Service],
    gateway: GatewayParameter = None,
    engine_keyed_by: KeyedByParameter = "session-key",
) -> LinesAnswer:
    """Record a lifecycle recording: NDJSON, one call a line; or one call as `application/json`.

    What is answered as recorded or duplicate is durable. A request that fails
    half-way is completed by sending it again.
    """
    grant = granted(request)
    to = gateway_for(grant, None if gateway is None else check_gateway(gateway))

    def delivery_of(line: Line) -> Delivery | None:
        delivery = call_delivery(line, to, engine_keyed_by)
        if delivery is not None:
            gateway_for(grant, delivery.gateway)
        return delivery

    return await _Intake(service, request.app.state.limits, delivery_of).take(_lines(request))


@post(
    "/submissions",
    status_code=200,
    summary="Record what a host submitted to the model: its cache trace.",
    tags=["record"],
    request_max_body_size=None,
)
async def submissions(
    request: Request[Any, Any, Any],
    service: NamedDependency[Service],
    gateway: GatewayParameter = None,
    engine_keyed_by: KeyedByParameter = "session-key",
) -> LinesAnswer:
    """Record a cache trace: NDJSON, one stage of a model call a line, from its beginning.

    The host writes a prompt, and a message that it later cuts, in an earlier line than the submission: they must lie in
    one request.
    """
    to = gateway_for(granted(request), None if gateway is None else check_gateway(gateway))
    if to is None:
        raise BadLine("a cache trace names no gateway: say whose it is with ?gateway=")
    known = Submissions()

    def delivery_of(line: Line) -> Delivery | None:
        stage = stage_of(line)
        return submission_delivery(line, stage, known, to, submitted_engine_key(stage, engine_keyed_by))

    return await _Intake(service, request.app.state.limits, delivery_of).take(_lines(request))


async def _lines(request: Request[Any, Any, Any]) -> AsyncIterator[Line]:
    limits: Limits = request.app.state.limits
    held: HeldBytes = request.app.state.held
    if request.content_type[0] == "application/json":
        content = await document(request.stream(), limits.line, held)
        if content.strip():
            yield Line(1, content)
        return
    async for line in Lines(request.stream(), limits.line, held):
        yield line


ROUTES: list[BaseRouteHandler] = [observations, submissions]
