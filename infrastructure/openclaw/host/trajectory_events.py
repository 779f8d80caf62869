"""One event of a trajectory, and what of it says something of its run."""

import msgspec

from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.calls import Usage
from infrastructure.openclaw.host.tolerant import elements_in, text_in, whole_in
from infrastructure.openclaw.lossless import members, text_of
from infrastructure.openclaw.shapes import Reader, Text, Value, Whole, check_line
from infrastructure.openclaw.times import microseconds
from infrastructure.openclaw.trace import replaced

SCHEMA = "openclaw-trajectory"
VERSION = b"1"

_USAGE = Reader(Usage)


class Event(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One event, without what it says. `seq` counts those of an attempt from 1; 0 is none of its own."""

    trace_schema: str
    schema_version: Value | None = None
    type: str
    ts: str
    session_id: str
    session_key: str | None = None
    run_id: str | None = None
    model_id: str | None = None
    seq: Whole | None = None
    data: Value | None = None


_EVENT = Reader(Event)


class Said:
    """The data of an event, member by member; what the host cut or redacted is noted in `missing`."""

    def __init__(self, event: Event) -> None:
        own = members(event.data) if event.data is not None and event.data.startswith(b"{") else {}
        self._type = event.type
        self._own = {} if _is_cut(own) else own
        self.missing: list[str] = [event.type] if _is_cut(own) else []

    def text(self, *path: str) -> str | None:
        """Give the text at a path of members; None if there is none."""
        return text_in(self.raw(*path))

    def raw(self, *path: str) -> Text | None:
        """Give the exact bytes of the JSON string at a path of members."""
        value = self.value(*path)
        return Text(value) if value is not None and value.startswith(b'"') else None

    def count(self, *path: str) -> int | None:
        """Give the whole number at a path of members."""
        return whole_in(self.value(*path))

    def length(self, *path: str) -> int | None:
        """Give how many elements the list at a path has, or characters the text, also where the host cut it."""
        value = self._at(path)
        if value is None:
            return None
        if value.startswith(b'"'):
            held = self.raw(*path)
            return None if held is None else len(text_of(held))
        if value.startswith(b"{"):
            cut = members(value)
            return whole_in(cut.get("originalChars") or cut.get("originalLength"))
        listed = tuple(elements_in(value))
        if listed and listed[-1].startswith(b"{") and _is_cut(cut := members(listed[-1])):
            return whole_in(cut.get("originalLength"))
        return len(listed)

    def usage(self) -> Usage | None:
        """Give what the provider counted."""
        value = self.value("usage")
        if value is None or not value.startswith(b"{"):
            return None
        try:
            return _USAGE.read(value)
        except BadLine:  # of a strange kind
            self.missing.append(f"{self._type}.usage")
            return None

    def value(self, *path: str) -> bytes | None:
        """Give the exact bytes of the value at a path of members; None if the host cut or redacted it."""
        value = self._at(path)
        if value is None:
            return None
        if replaced(Text(value)) if value.startswith(b'"') else value.startswith(b"{") and _is_cut(members(value)):
            self.missing.append(".".join((self._type, *path)))
            return None
        return value

    def _at(self, path: tuple[str, ...]) -> bytes | None:
        own = self._own
        for member in path[:-1]:
            value = own.get(member, b"")
            own = members(value) if value.startswith(b"{") else {}
        value = own.get(path[-1], b"null")
        return None if value == b"null" else value


def read_event(event: bytes) -> tuple[Event, int]:
    """Read an event, given as the exact bytes of its JSON object: with its time, in µs since the Unix epoch.

    Errors: BadLine says what is wrong with it.
    """
    check_line(event)
    read = _EVENT.read(event)
    if read.trace_schema != SCHEMA:
        raise BadLine(f"`traceSchema` should be {SCHEMA}, got `{read.trace_schema[:80]}`")
    if read.schema_version != VERSION:
        raise BadLine(f"`schemaVersion` is not one that is known (1): {(read.schema_version or b'none')[:20]!r}")
    at = microseconds(read.ts)
    if at is None:
        raise BadLine(f"`ts` is not an RFC 3339 time: `{read.ts[:80]}`")
    return read, at


def _is_cut(own: dict[str, bytes]) -> bool:
    return own.get("truncated") == b"true" and text_in(own.get("reason", b"")) is not None
