"""Recording the turns of a long session one by one, and what each took."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from time import perf_counter
from typing import Protocol

from msgspec import Struct

from domain import commands as ask
from domain.commands import Command
from domain.entries import Identity
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.observed import engine_key_of, parts_of
from infrastructure.openclaw.wire import decode_call
from infrastructure.recorder.contents import Described, Met
from infrastructure.recorder.deliveries import Delivery, Part
from infrastructure.recorder.engines import Loaded
from infrastructure.recorder.recorder import Recorder
from tests.bench.sessions import BEGIN, SESSION, Session, text

GATEWAY = "bench"
KEY = "agent:main:main"


class Took(Struct, frozen=True):
    """Seconds that a turn took: to decode what was received; to know its messages again (a hash of each, and parsing
    the new ones); and everything else: deciding, writing, folding.
    """

    decoding: float
    meeting: float
    rest: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.decoding + self.meeting + self.rest


Commands = Callable[[Loaded], Sequence[Command]]
"""What a part of a delivery is asked for."""


class Stopwatch:
    """Adds up seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, commands: Commands) -> Commands:
        """Time the making of commands."""

        def timed(loaded: Loaded) -> Sequence[Command]:
            began = perf_counter()
            made = commands(loaded)
            self.seconds += perf_counter() - began
            return made

        return timed


class Shape(Protocol):
    """How a session's turns come to the recorder."""

    def received(self, session: Session, turn: int) -> list[bytes]:
        """Give what is received, ready before the clock starts."""
        ...

    def deliveries(self, session: Session, turn: int, received: list[bytes]) -> list[Delivery]:
        """Decode it."""
        ...


class WholeHistory:
    """Lifecycle lines whose contexts are the whole history: the received bytes themselves grow with every turn."""

    def received(self, session: Session, turn: int) -> list[bytes]:
        """Give the lines."""
        return session.lines(turn, session.history(turn))

    def deliveries(self, session: Session, turn: int, received: list[bytes]) -> list[Delivery]:
        """Decode the lines, as an import does."""
        made: list[Delivery] = []
        for line in received:
            call = decode_call(line)
            key = engine_key_of(call, "session-key") or ""
            made.append(Delivery(GATEWAY, call.delivery_id, sha256(line).digest(), parts_of(call, key)))
        return made


class Windowed:
    """Contexts of the last entries, in bytes that need no more decoding: what is left is the recording itself."""

    def received(self, session: Session, turn: int) -> list[bytes]:
        """Give the window."""
        return session.window(turn)

    def deliveries(self, session: Session, turn: int, received: list[bytes]) -> list[Delivery]:
        """Give the turn's two calls."""
        at, prompt = BEGIN * 1000 + turn * 10_000_000, text(turn)
        delivered = session.delivered(turn)

        def describe(entries: list[int]) -> Callable[[int, bytes], Described]:
            return lambda place, raw: Described(_identity(entries[place]), len(raw))

        first = max(1, turn - len(received) // 2) * 2 - 1
        numbers = list(range(first, first + len(received)))

        def assembled(loaded: Loaded) -> list[Command]:
            held: Met = loaded.contents.meet(received, describe(numbers))
            seen = loaded.contents.text(prompt.encode(), len(prompt))
            return [ask.AssembleContext(at=at, session_id=SESSION, digests=held.digests, novel=held.novel, prompt=seen)]

        def committed(loaded: Loaded) -> list[Command]:
            met = loaded.contents.meet(delivered, describe([2 * turn - 1, 2 * turn]))
            done = ask.RecordEntries(
                at=at, session_id=SESSION, method="commitTurn", digests=met.digests, novel=met.novel, heartbeat=False
            )
            return [done, ask.CommitTurn(at=at, session_id=SESSION, advancement_key=f"turn-{turn}")]

        made: list[Delivery] = []
        for name, commands in (("assemble", assembled), ("commit", committed)):
            delivery_id = f"{name}-{turn}"
            made.append(Delivery(GATEWAY, delivery_id, sha256(delivery_id.encode()).digest(), [Part(KEY, commands)]))
        return made


class Turns:
    """A session that is recorded turn by turn, each call by itself, as a live host makes them."""

    def __init__(self, ledger: Ledger, session: Session, shape: Shape) -> None:
        self._recorder = Recorder(ledger)
        self._session, self._shape = session, shape
        self.recorded = 0

    def record(self) -> Took:
        """Record the next turn."""
        self.recorded += 1
        received = self._shape.received(self._session, self.recorded)
        watch = Stopwatch()
        began = perf_counter()
        deliveries = self._shape.deliveries(self._session, self.recorded, received)
        decoded = perf_counter()
        for one in deliveries:
            parts = [Part(part.engine_key, watch.timed(part.commands)) for part in one.parts]
            answers = self._recorder.record([Delivery(one.gateway, one.delivery_id, one.fingerprint, parts, one.named)])
            if answers[0].outcome != "recorded":
                raise AssertionError(answers)
        ended = perf_counter()
        return Took(decoded - began, watch.seconds, ended - decoded - watch.seconds)

    def record_until(self, turn: int) -> None:
        """Record all turns up to this one."""
        while self.recorded < turn:
            self.record()


def _identity(entry: int) -> Identity:
    role = "user" if entry % 2 else "assistant"
    return Identity(role, BEGIN + entry * 5_000, f"entry-{entry}")
