"""The lines that a recorder writes of what happens in one go, and how many events a ledger makes of each."""

from msgspec import Struct
from msgspec.json import Encoder

from infrastructure.openclaw.generate.times import written
from infrastructure.openclaw.played import HostCall

_encode = Encoder().encode


class Told(Struct, frozen=True):
    """One line: when (ms since the Unix epoch), how many events a ledger makes of it, and its bytes without end."""

    at: int
    events: int
    line: bytes


class Script:
    """What happens in one go, with its clock (`now`, ms since the Unix epoch)."""

    def __init__(self, at: int) -> None:
        self.now = at
        self.told: list[Told] = []
        self.events = 0

    def call(self, call: HostCall, events: int, engine_key: str | None = None, after: int = 17) -> None:
        """Write a call that comes some milliseconds later."""
        self.now += after
        self.told.append(Told(self.now, events, _encode(call.line(written(self.now), engine_key))))
        self.events += events


class Stream:
    """What a ledger holds of one stream, as far as it says how many events a call comes to."""

    def __init__(self) -> None:
        self._opened = False
        self._texts: set[str] = set()

    def opening(self) -> int:
        """Count the opening of the engine, which its first call brings."""
        counted = 0 if self._opened else 1
        self._opened = True
        return counted

    def text(self, text: str | None) -> int:
        """Count the recording of a text that is no message, which is done once."""
        if text is None or text in self._texts:
            return 0
        self._texts.add(text)
        return 1
