"""What a host's files say, as deliveries for a recorder: each record one, known again by what it says.

A store tells afterwards. So what it tells stands in the stream of its key beside what was recorded live, moves no
engine, and is never an engine's delivery: messages are `transcript` sightings, ticks `late`, evidence `reconstructed`.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

from msgspec import Struct, json

from domain import commands as ask
from domain.commands import Command
from domain.heartbeat import POLL, outcome_of
from domain.keys import kind_of, routing_key_of, tick_id
from infrastructure.openclaw.described import billed, described
from infrastructure.openclaw.facts import accepted
from infrastructure.openclaw.host.records import Run, SessionWindow, TranscriptMessage
from infrastructure.openclaw.messages import Message, decode_message, message_text
from infrastructure.recorder.contents import Contents, Described
from infrastructure.recorder.deliveries import Delivery, Part

METHOD = "transcript"
"""The method by which entries of a transcript are recorded: no call of an engine."""


class Stream(Struct, frozen=True):
    """Where a session's facts are recorded: in the stream of its engine, for a source known by `source`."""

    gateway: str
    engine_key: str
    session_key: str
    source: bytes

    @property
    def routing_key(self) -> str:
        """The routing key of the session's engine."""
        return routing_key_of(self.session_key)


class OpenTick(Struct, frozen=True):
    """A heartbeat's poll that nobody has answered yet, by the time of its message (ms)."""

    began: int


def listed(stream: Stream, window: SessionWindow) -> Delivery:
    """Say that the host lists a session, as it does now; and that a tick was dispatched, if it is an isolated one."""
    at = window.updated_at or window.created_at or 0
    counters = window.counters
    commands: list[Command] = [
        ask.ListSession(
            at=at,
            evidence="reconstructed",
            session_id=window.session_id,
            current=window.current,
            began_at=window.created_at,
            ended_at=window.ended_at,
            status=window.status,
            reason=window.reason,
            previous=window.previous,
            base_key=window.base,
            transcript=window.transcript,
            input_tokens=counters.input_tokens if counters else None,
            output_tokens=counters.output_tokens if counters else None,
            total_tokens=counters.total_tokens if counters else None,
            context_tokens=counters.context_tokens if counters else None,
            compactions=counters.compactions if counters else None,
        )
    ]
    if kind_of(stream.routing_key) == "heartbeat":
        began = window.created_at or window.started_at or at
        commands.append(_dispatched(stream, window.session_id, began, None))
    said = json.encode([window.updated_at, window.current, window.status, commands[0]])
    return _delivery(stream, "session", window.session_id, said, window.session_id, at, lambda _contents: commands)


def told(stream: Stream, one: TranscriptMessage, tick: OpenTick | None) -> tuple[Sequence[Delivery], OpenTick | None]:
    """Say that a transcript holds a message, and what that lets conclude of a heartbeat's tick; give besides the tick
    that is open after it. `tick` is the one that was before.

    Raises:
        BadLine: the message can't be read.
    """
    message = decode_message(one.raw, "message")
    polled, answered = _is_poll(message, one.raw), accepted(message)
    deliveries = [_entry(stream, one, message, heartbeat=True if polled else None)]
    if kind_of(stream.routing_key) == "heartbeat":
        if answered:
            deliveries.append(_settled(stream, one, tick_id(stream.routing_key, one.session_id)))
        return deliveries, None
    if polled and message.timestamp is not None:
        began = OpenTick(message.timestamp)
        deliveries.append(_polled(stream, one, began))
        return deliveries, began
    if tick is None or not (answered or message.role == "user"):
        return deliveries, tick
    if answered:
        deliveries.append(_settled(stream, one, tick_id(stream.routing_key, one.session_id, tick.began)))
    return deliveries, None


def ran(stream: Stream, run: Run) -> Delivery:
    """Say what the host reports of a run."""
    command = ask.ReportRun(
        at=run.started_at,
        evidence=run.grade,
        run_id=run.run_id,
        attempt=run.attempt,
        session_id=run.session_id,
        ended_at=run.ended_at,
        trigger=run.trigger,
        host=run.version,
        engine=run.engine,
        model=run.model,
        billed=billed(run.usage),
        compactions=run.compactions,
        status=run.status,
        error=run.error,
    )
    name = f"{run.run_id} {run.attempt}"
    return _delivery(
        stream, "run", run.session_id, json.encode(command), name, run.started_at, lambda _contents: [command]
    )


def _entry(stream: Stream, one: TranscriptMessage, message: Message, *, heartbeat: bool | None) -> Delivery:
    def commands(contents: Contents) -> list[Command]:
        met = contents.meet([one.raw], lambda _place, raw: _described(message, raw, one))
        return [
            ask.RecordEntries(
                at=one.at,
                evidence=one.grade,
                session_id=one.session_id,
                method=METHOD,
                digests=met.digests,
                novel=met.novel,
                heartbeat=heartbeat,
                sighted="transcript",
            )
        ]

    return _delivery(stream, "message", one.session_id, one.raw, one.entry_id or "", one.at, commands)


def _described(message: Message, raw: bytes, one: TranscriptMessage) -> Described:
    return described(message, raw, truncated=one.grade == "truncated")


def _is_poll(message: Message, raw: bytes) -> bool:
    return message.role == "user" and message_text(raw).strip().endswith(POLL)


def _polled(stream: Stream, one: TranscriptMessage, tick: OpenTick) -> Delivery:
    command = _dispatched(stream, one.session_id, one.at, tick.began)
    return _delivery(stream, "tick", one.session_id, b"", str(tick.began), one.at, lambda _contents: [command])


def _dispatched(stream: Stream, session_id: str, at: int, began: int | None) -> ask.DispatchTick:
    """Conclude that a tick was dispatched: an isolated one has its session to itself, another begins with a poll."""
    return ask.DispatchTick(
        at=at,
        evidence="reconstructed",
        tick_id=tick_id(stream.routing_key, session_id, began),
        session_id=session_id,
        engine_key=stream.engine_key,
        isolated=began is None,
        late=True,
    )


def _settled(stream: Stream, one: TranscriptMessage, tick: str) -> Delivery:
    command = ask.SettleTick(
        at=one.at,
        evidence="reconstructed",
        tick_id=tick,
        outcome=outcome_of(message_text(one.raw)),
        late=True,
    )
    return _delivery(stream, "settled", one.session_id, b"", tick, one.at, lambda _contents: [command])


def _delivery(
    stream: Stream,
    what: str,
    session_id: str,
    content: bytes,
    name: str,
    at: int,
    commands: Callable[[Contents], Sequence[Command]],
) -> Delivery:
    """Make a delivery that is known again by its source, what it is about and what it says: hosts rewrite things.

    What is about keys and ticks stands in the stream of the routing key, messages and runs in their engine's.
    """
    engine_key = stream.engine_key if what in ("message", "run") else stream.routing_key
    fingerprint = sha256(content).digest()
    parts = (stream.source, what.encode(), session_id.encode(), name.encode(), fingerprint)
    delivery_id = sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).hexdigest()

    def opened(contents: Contents) -> list[Command]:
        begun = ask.OpenEngine(
            at=at,
            delivery_id=delivery_id,
            evidence="reconstructed",
            routing_key=stream.routing_key,
            kind=kind_of(engine_key),
            opened_by=METHOD,
            session_id=session_id,
        )
        return [begun, *commands(contents)]

    part = Part(engine_key, lambda loaded: opened(loaded.contents))
    return Delivery(stream.gateway, delivery_id, fingerprint, [part])
