"""Importing recordings: reading the lines of lifecycle NDJSON and, beside it, the host's cache trace; counting what
becomes of each, wherever it is recorded.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from msgspec import Struct, field

from domain.errors import HeartlineError, WrongUsage
from domain.keys import check_gateway
from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.gateways import source_of
from infrastructure.openclaw.lines import Line, read_lines
from infrastructure.openclaw.submitted import Submission, Submissions
from infrastructure.openclaw.trace import decode_stage

BATCH_LINES = 256
BATCH_BYTES = 4 * 1024 * 1024
"""How much is recorded and acknowledged at once, at most (but always one line)."""

Progress = Callable[[int], None]
"""Is told how many bytes of the source were read since it was told last."""


class Outcome(Struct, frozen=True):
    """What became of a line. `gateway` is where its engines are, None where that is the recording's own."""

    outcome: Literal["recorded", "duplicate", "ignored", "rejected"]
    events: int = 0
    engine_keys: tuple[str, ...] = ()
    reason: str | None = None
    gateway: str | None = None


class Submitted(Struct, frozen=True):
    """A line of a cache trace that says what was submitted, and what it says together with the lines before it."""

    content: bytes
    submission: Submission


class RecordingEnd(Protocol):
    """Where recordings are recorded: a ledger at hand, or a service."""

    def name_gateway(self, source: bytes, proposed: str, /) -> str:
        """Give the name that is kept for the gateway of a source (a SHA-256): the proposed one if it is free."""
        ...

    def observe(self, gateway: str, lines: Sequence[bytes], /) -> Sequence[Outcome]:
        """Record some lines of a lifecycle recording; say of each, in order, what became of it. That is durable."""
        ...

    def submit(self, gateway: str, submitted: Sequence[Submitted], /) -> Sequence[Outcome]:
        """Record what some lines of its cache trace say; say of each, in order, what became of it. That is durable."""
        ...


class Rejected(Struct, frozen=True):
    """A line that could not be recorded, and why."""

    source: str
    line: int
    reason: str


class Imported(Struct, omit_defaults=False):
    """What became of a source's lines (contracts, `import`): lines = recorded + duplicates + ignored + rejected."""

    source: str
    gateway: str | None = None
    lines: int = 0
    recorded: int = 0
    duplicates: int = 0
    ignored: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    streams: int = 0
    events: int = 0
    trace: "Imported | None" = None


class Tally:
    """Counts what becomes of the lines of one source."""

    def __init__(self, into: Imported) -> None:
        self.into = into
        self._streams: set[tuple[str, str]] = set()

    def count(self, line: int, outcome: Outcome) -> None:
        """Count a line that was recorded, or was not."""
        into = self.into
        match outcome.outcome:
            case "recorded":
                into.recorded += 1
                into.events += outcome.events
                gateway = outcome.gateway or into.gateway or ""
                self._streams.update((gateway, engine_key) for engine_key in outcome.engine_keys)
                into.streams = len(self._streams)
            case "duplicate":
                into.duplicates += 1
            case "ignored":
                into.ignored += 1
            case "rejected":
                self.reject(line, outcome.reason or "rejected")

    def reject(self, line: int, reason: str) -> None:
        """Count a line that can't be recorded."""
        self.into.rejected.append(Rejected(self.into.source, line, reason))


class _Batch:
    """What waits to be recorded together, with the lines that it came from."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._lines: list[int] = []
        self._size = 0

    def full_with(self, size: int) -> bool:
        """Say whether as much more would be too much."""
        waiting = len(self._lines)
        return waiting >= BATCH_LINES or (waiting > 0 and self._size + size > BATCH_BYTES)

    def add(self, line: int, size: int) -> None:
        self._lines.append(line)
        self._size += size

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        for line, outcome in zip(self._lines, outcomes, strict=True):
            self._tally.count(line, outcome)
        self._lines, self._size = [], 0


class Importing:
    """Imports recordings into one end, one after the other."""

    def __init__(self, end: RecordingEnd, *, gateway: str | None = None) -> None:
        self._end = end
        self._gateway = None if gateway is None else check_gateway(gateway)

    def import_recording(self, path: str, progress: Progress, trace: str | None = None) -> Imported:
        """Import a lifecycle recording (`-` is standard input), and the cache trace that lies beside it.

        A line that can't be recorded is reported and every other is recorded. What is answered is durable.

        Raises:
            WrongUsage: a file can't be read, or `gateway` names none.
            StreamMoved, DatabaseUnavailable: as the recorder; a service's errors, where it is recorded there.
        """
        if trace is not None:
            with _opened(trace):
                pass  # or it would be missed only when the recording is in
        into = Imported(source=path)
        with _opened(path) as stream:
            self._import_calls(read_lines(stream), into, progress)
        if trace is not None and into.gateway is None:
            into.gateway = self._gateway  # the recording had no line that could name one
            if into.gateway is None:
                raise WrongUsage(f"{path} holds no line, so nobody knows whose trace {trace} is: say --gateway.")
        if trace is not None:
            into.trace = Imported(source=trace, gateway=into.gateway)
            with _opened(trace) as stream:
                self._import_stages(stream, into.trace, progress)
        return into

    def import_lines(self, source: str, lines: Iterable[Line], progress: Progress) -> Imported:
        """Import a lifecycle recording that lies in no file. Raises as `import_recording`."""
        into = Imported(source=source)
        self._import_calls(lines, into, progress)
        return into

    def _import_calls(self, lines: Iterable[Line], into: Imported, progress: Progress) -> None:
        calls = _Calls(self._end, Tally(into))
        waiting: list[Line] = []
        for line in lines:
            waiting.append(line)
            if into.gateway is None and not self._name(waiting, into):
                continue
            for one in waiting:
                calls.take(one)
                progress(len(one.content or b"") + 1)
            waiting = []
        if waiting:
            into.gateway = self._gateway or self._kept_name(waiting[0].content or b"", into.source)
            for one in waiting:
                calls.take(one)
        calls.flush()
        into.rejected.sort(key=_line_of)

    def _import_stages(self, stream: BinaryIO, into: Imported, progress: Progress) -> None:
        stages = _Stages(self._end, Tally(into))
        for line in read_lines(stream):
            stages.take(line)
            progress(len(line.content or b"") + 1)
        stages.flush()
        into.rejected.sort(key=_line_of)

    def _name(self, lines: list[Line], into: Imported) -> bool:
        """Find the source's gateway once a line says which recording it is; give up looking after a few."""
        if self._gateway is not None:
            into.gateway = self._gateway
            return True
        source = source_of(lines[-1].content) or (lines[0].content or b"" if len(lines) >= BATCH_LINES else None)
        if source is None:
            return False
        into.gateway = self._kept_name(source, into.source)
        return True

    def _kept_name(self, source: bytes, path: str) -> str:
        digest = sha256(source).digest()
        return self._end.name_gateway(digest, check_gateway(f"{_slug(path)}-{digest.hex()[:8]}"))


class _Calls:
    """Takes the lines of a lifecycle recording."""

    def __init__(self, end: RecordingEnd, tally: Tally) -> None:
        self._end, self._tally = end, tally
        self._batch = _Batch(tally)
        self._waiting: list[bytes] = []

    def take(self, line: Line) -> None:
        self._tally.into.lines += 1
        if line.content is None:
            self._tally.reject(line.number, line.problem or "unreadable")
            return
        if self._batch.full_with(len(line.content)):
            self.flush()
        self._batch.add(line.number, len(line.content))
        self._waiting.append(line.content)

    def flush(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._batch.settle(self._end.observe(self._tally.into.gateway or "", waiting))


class _Stages:
    """Takes the lines of a cache trace; only what was submitted is recorded."""

    def __init__(self, end: RecordingEnd, tally: Tally) -> None:
        self._end, self._tally = end, tally
        self._submissions = Submissions()
        self._batch = _Batch(tally)
        self._waiting: list[Submitted] = []

    def take(self, line: Line) -> None:
        self._tally.into.lines += 1
        try:
            if line.content is None:
                raise BadLine(line.problem or "unreadable")
            submission = self._submissions.take(decode_stage(line.content))
        except HeartlineError as error:
            self._tally.reject(line.number, str(error))
            return
        if submission is None:
            self._tally.into.ignored += 1
            return
        if self._batch.full_with(len(line.content)):
            self.flush()
        self._batch.add(line.number, len(line.content))
        self._waiting.append(Submitted(line.content, submission))

    def flush(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._batch.settle(self._end.submit(self._tally.into.gateway or "", waiting))


def _line_of(rejected: Rejected) -> int:
    return rejected.line


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == "-":
        if sys.stdin is None:
            raise WrongUsage("Standard input is closed: give a file, or a pipe with something in it.")
        yield sys.stdin.buffer
        return
    try:
        with Path(path).open("rb") as stream:
            yield stream
    except OSError as error:
        raise WrongUsage(f"{path} can't be read: {error.strerror}.") from error


def _slug(path: str) -> str:
    """Make the beginning of a gateway's name of a path: of its file's name, or of its folder's where that says more."""
    if path == "-":
        return "stdin"
    resolved = Path(path).resolve()
    name = resolved.parent.name if resolved.stem in ("lifecycle", "recording") else resolved.stem
    kept = "".join(one if one.isascii() and (one.isalnum() or one in "._-") else "-" for one in name.lower())
    return kept.strip("._-")[:48] or "recording"
