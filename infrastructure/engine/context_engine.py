"""Heartline as a context engine: requests to deliveries for a recorder, and what it made of them to answers."""

from collections.abc import Sequence
from hashlib import sha256

from msgspec import json

from domain.commands import Command
from domain.errors import HeartlineError
from domain.keys import check_gateway
from infrastructure.engine.answering import answer_again, answer_of, decided_before, happened
from infrastructure.engine.answers import AnyAnswer
from infrastructure.engine.deciding import Decided, commands_of
from infrastructure.engine.errors import BadRequest
from infrastructure.engine.requests import AnyRequest, CompactRequest
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.times import microseconds
from infrastructure.recorder.deliveries import Delivery, Part, Recorded
from infrastructure.recorder.engines import Loaded
from infrastructure.recorder.recorder import Recorder


class Work:
    """A request under way: its delivery, for the recorder, and from what state it was decided last."""

    def __init__(self, request: AnyRequest, at: int, ledger: Ledger) -> None:
        self.request = request
        self.at = at
        self.decided: Decided | None = None
        self._ledger = ledger
        reads = isinstance(request, CompactRequest) and request.summary is None
        self.delivery = Delivery(
            gateway=request.gateway,
            delivery_id=request.delivery_id,
            fingerprint=b"" if request.delivery_id is None else _fingerprint(request),
            parts=[Part(request.stream_key, self._commands, "owned", reads)],
        )

    def _commands(self, loaded: Loaded) -> Sequence[Command]:
        commands, self.decided = commands_of(self.request, self.at, loaded, self._ledger)
        return commands


class ContextEngine:
    """Serves runtimes from one ledger's connection: use it in the thread that the recorder is used in."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def take(self, request: AnyRequest, now: int) -> Work:
        """Make ready what a recorder is to record for a request; `now` is in µs since the Unix epoch.

        Raises:
            BadGateway, BadRequest: the gateway's name or the time is none.
        """
        check_gateway(request.gateway)
        at = now if request.at is None else microseconds(request.at)
        if at is None or at < 0:
            raise BadRequest(f"`at` is no time: write RFC 3339, such as 2026-11-23T08:36:57Z, not {request.at!r}.")
        return Work(request, at, self._ledger)

    def answer(self, work: Work, recorded: Recorded) -> AnyAnswer:
        """Answer a request from what became of its delivery; one that was delivered before as the first time.

        Raises:
            HeartlineError: why it was refused; nothing was written.
        """
        if recorded.error is not None:
            raise recorded.error
        request, decided = work.request, work.decided
        if recorded.written:
            written = recorded.written[0]
            if decided is None or recorded.outcome != "recorded":
                decided = decided_before(request, written, self._ledger)
            return answer_of(request, decided, happened(request, written, self._ledger), self._ledger)
        if decided is None:
            raise LookupError("a request was concluded that nobody decided")
        return answer_again(request, decided, self._ledger)


def serve(
    engine: ContextEngine, recorder: Recorder, requests: Sequence[AnyRequest], now: int
) -> list[AnyAnswer | HeartlineError]:
    """Record requests as one batch and answer each, or say why it was refused; `now` in µs since the Unix epoch."""
    taken: list[Work | HeartlineError] = [_taken(engine, request, now) for request in requests]
    works = [work for work in taken if isinstance(work, Work)]
    recorded = iter(recorder.record_each([work.delivery for work in works]))
    return [_answered(engine, work, next(recorded)) if isinstance(work, Work) else work for work in taken]


def _taken(engine: ContextEngine, request: AnyRequest, now: int) -> Work | HeartlineError:
    try:
        return engine.take(request, now)
    except HeartlineError as error:
        return error


def _answered(engine: ContextEngine, work: Work, recorded: Recorded) -> AnyAnswer | HeartlineError:
    try:
        return engine.answer(work, recorded)
    except HeartlineError as error:
        return error


def _fingerprint(request: AnyRequest) -> bytes:
    """Digest (32 bytes) of all that a request says, its content included."""
    return sha256(json.encode([type(request).__name__, request])).digest()
