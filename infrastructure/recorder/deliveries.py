"""What is handed to a recorder, and what it answers."""

from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct

from domain.commands import Command
from domain.errors import HeartlineError
from infrastructure.recorder.engines import Loaded

Authority = Literal["observed", "owned"]
"""Who decides: facts about engines that run elsewhere are never refused for being strange; commands of our own are."""

Outcome = Literal["recorded", "duplicate", "ignored", "rejected"]
"""What became of a delivery: written; written before; of no engine, so that nothing was to be written (which its reader
says, a recorder is never handed one); not readable, against the rules, or its id was used before for other content.
"""


class DeliveryConflict(HeartlineError):
    """A delivery's id was used before for other content."""

    code = "delivery-conflict"

    def __init__(self, delivery_id: str) -> None:
        super().__init__(f"delivery-conflict: the id `{delivery_id}` was delivered before with other content")


class Part(Struct, frozen=True):
    """What a delivery says about one engine.

    `commands` is asked for the facts, or for what is wanted, once the engine is in hand; if it is decided anew because
    the stream had moved on, it is asked again. Any HeartlineError of it rejects the delivery. `reads` says that it
    reads contents of the stream from the ledger: then nothing of that stream may still be unwritten.
    """

    engine_key: str
    commands: Callable[[Loaded], Sequence[Command]]
    authority: Authority = "observed"
    reads: bool = False


class Delivery(Struct, frozen=True):
    """One observed call, or one command of our own.

    `fingerprint` (32 bytes) is of what was delivered; `named` says that the source gave the id. Without an id each time
    counts, which only commands of our own may do. What is delivered to several engines is written to each by itself, so
    a command of our own is for one.
    """

    gateway: str
    delivery_id: str | None
    fingerprint: bytes
    parts: Sequence[Part]
    named: bool = False

    @property
    def owned(self) -> bool:
        """Whether it may be refused."""
        return self.parts[0].authority == "owned" if self.parts else False


class Written(Struct, frozen=True):
    """The events that a delivery came to in one stream. `events` are their types and payloads, None where they were
    written before; then `first_position` is not known either.
    """

    engine_key: str
    first_version: int
    last_version: int
    first_position: int | None = None
    events: Sequence[tuple[str, bytes]] | None = None


class Recorded(Struct, frozen=True):
    """What became of a delivery: what was written for it, now or before, or why it was rejected.

    A command of our own that was done before under another delivery's id is a duplicate without anything written.
    """

    outcome: Outcome
    written: tuple[Written, ...] = ()
    error: HeartlineError | None = None

    @property
    def events(self) -> int:
        """How many events were written now."""
        return sum(len(one.events or ()) for one in self.written)

    @property
    def engine_keys(self) -> tuple[str, ...]:
        """The engines to which something was written, now or before."""
        return tuple(one.engine_key for one in self.written)

    @property
    def code(self) -> str | None:
        """The stable code of why it was rejected."""
        return None if self.error is None else self.error.code

    @property
    def reason(self) -> str:
        """Why it was rejected, in words."""
        return "" if self.error is None else str(self.error)
