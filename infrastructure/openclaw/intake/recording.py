"""Importing what a host keeps on its disk into a ledger: read-only there, once here, and on from where it ended."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from msgspec import Struct, field, msgpack

from infrastructure.ledger.hints import GatheringTeller
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.sources import Progress, Skipped, keep_source, marks_of, source_key
from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.host.records import (
    Problem,
    Record,
    Run,
    SessionWindow,
    TranscriptCompaction,
    TranscriptMessage,
)
from infrastructure.openclaw.intake.stored import OpenTick, Stream, listed, ran, told
from infrastructure.openclaw.kept import KEEP, ContentPolicy
from infrastructure.recorder.deliveries import Delivery, Recorded
from infrastructure.recorder.recorder import Recorder

BATCH = 256
"""How many records are recorded and acknowledged at once, at most."""

BATCH_BYTES = 4 * 1024 * 1024
"""How much is waiting at once, at most, but for one record."""


class ImportedSource(Struct, kw_only=True):
    """What became of a source of a host: its records are `recorded`, `duplicates`, or skipped, each with a reason.

    `sessions` are all that it has; those of which nothing was new were passed over.
    """

    source: str
    kind: str
    gateway: str
    sessions: int = 0
    records: int = 0
    recorded: int = 0
    duplicates: int = 0
    events: int = 0
    streams: int = 0
    skipped: list[Skipped] = field(default_factory=list)


class Recording:
    """Records what one source tells, a batch at a time, and counts what becomes of it."""

    def __init__(self, ledger: Ledger, into: ImportedSource, content: ContentPolicy) -> None:
        self.into = into
        self._ledger = ledger
        self._recorder = Recorder(ledger, KEEP[content])
        self._teller = GatheringTeller(seconds=0)
        self._waiting: list[Delivery] = []
        self._said: list[int] = []
        self._size = 0
        self._streams: set[str] = set()

    def add(self, deliveries: Sequence[Delivery], size: int = 0) -> None:
        """Take what one record says, of so many bytes."""
        self.into.records += 1
        self._waiting += deliveries
        self._said.append(len(deliveries))
        self._size += size
        if len(self._waiting) >= BATCH or self._size >= BATCH_BYTES:
            self.flush()

    def skip(self, problem: Problem) -> None:
        """Count what could not be read."""
        place = ":".join(str(part) for part in (problem.part, problem.number) if part not in ("", None))
        self.into.skipped.append(Skipped(f"{problem.path}:{place}" if place else problem.path, problem.reason))

    def flush(self) -> None:
        """Record what waits; it is durable then."""
        if not self._waiting:
            return
        waiting, said = self._waiting, self._said
        self._waiting, self._said, self._size = [], [], 0
        answers = iter(zip(waiting, self._recorder.record(waiting), strict=True))
        for count in said:
            self._count([self._noted(*one) for one in islice(answers, count)])
        self._teller.tell(self._ledger.connection)

    def _noted(self, delivery: Delivery, answer: Recorded) -> Recorded:
        if answer.events:
            self.into.events += answer.events
            self._streams.update(answer.engine_keys)
            self.into.streams = len(self._streams)
            self._teller.note(self._ledger.partition_of(delivery.gateway, one) for one in answer.engine_keys)
        return answer

    def _count(self, answers: Sequence[Recorded]) -> None:
        """Count a record by what became of what it says."""
        rejected = next((one for one in answers if one.error is not None), None)
        if rejected is not None:
            self.into.skipped.append(Skipped(self.into.source, rejected.reason))
        elif any(one.outcome == "recorded" for one in answers):
            self.into.recorded += 1
        else:
            self.into.duplicates += 1


class KeptTick(Struct, frozen=True, array_like=True):
    """A heartbeat's poll of a session that nobody had answered when reading ended (ms), None where there is none."""

    began: int | None = None

    @property
    def open(self) -> OpenTick | None:
        """The tick, as whoever reads on takes it."""
        return None if self.began is None else OpenTick(self.began)


def tell_session(
    recording: Recording, stream: Stream, window: SessionWindow, records: Iterator[Record], tick: KeptTick
) -> KeptTick:
    """Record what a host has of one session; give the tick that is open at its end."""
    session_id, open_tick = window.session_id, tick.open
    for one in records:
        match one:
            case TranscriptMessage():
                try:
                    deliveries, open_tick = told(stream, one, open_tick)
                except BadLine as error:
                    recording.skip(Problem(one.place.path, session_id, one.place.number, error.reason))
                    continue
                recording.add(deliveries, len(one.raw))
            case Run():
                recording.add([ran(stream, one)])
            case TranscriptCompaction():
                reason = "a compaction: what it replaced is known from the engine's calls only"
                recording.skip(Problem(one.place.path, session_id, one.place.number, reason))
            case Problem():
                recording.skip(one)
            case _:
                pass
    return KeptTick(None if open_tick is None else open_tick.began)


def list_session(recording: Recording, stream: Stream, window: SessionWindow) -> None:
    """Record that a host lists a session."""
    recording.add([listed(stream, window)])


class Marks(Struct):
    """Where reading a source goes on, by session or by file: its reader's mark, and the tick that was open there."""

    readers: dict[str, bytes] = field(default_factory=dict)
    ticks: dict[str, KeptTick] = field(default_factory=dict)


class SourceMarks:
    """What is kept of one source between two imports."""

    def __init__(self, ledger: Ledger, into: ImportedSource, identity: bytes) -> None:
        self._ledger, self._into = ledger, into
        self.key = source_key(into.gateway, into.kind, identity)
        kept = marks_of(ledger.connection, self.key)
        self.before = Marks() if kept is None else msgpack.decode(kept, type=Marks)
        self.after = Marks()

    def same(self, name: str, mark: bytes) -> bool:
        """Say whether a part of the source stands where it stood; then it is kept as it was."""
        if self.before.readers.get(name) != mark:
            return False
        self.keep(name, mark, self.tick(name))
        return True

    def tick(self, name: str) -> KeptTick:
        """Give the tick that was open where a part was read up to."""
        return self.before.ticks.get(name, KeptTick())

    def keep(self, name: str, mark: bytes, tick: KeptTick) -> None:
        """Keep up to where a part was read."""
        self.after.readers[name] = mark
        if tick.began is not None:
            self.after.ticks[name] = tick

    def save(self) -> None:
        """Write down how far the source was imported: everything before it is recorded."""
        into = self._into
        keep_source(
            self._ledger.connection,
            self.key,
            gateway=into.gateway,
            kind=into.kind,
            path=into.source,
            marks=msgpack.encode(self.after),
            skipped=into.skipped,
            progress=Progress(into.records, into.recorded, into.events),
        )


def absolute(path: str | Path) -> str:
    """Write a source's path so that it says the same tomorrow."""
    return str(Path(path).absolute())
