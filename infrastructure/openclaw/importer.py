"""Importing recordings: lifecycle NDJSON and, beside it, the host's cache trace."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct, field

from domain.errors import HeartlineError, WrongUsage
from domain.keys import check_gateway
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.calls import Call
from infrastructure.openclaw.gateways import source_of
from infrastructure.openclaw.lines import Line, read_lines
from infrastructure.openclaw.observed import KeyedBy, engine_key_for, engine_key_of, parts_of
from infrastructure.openclaw.submitted import Submissions, facts_of_submission
from infrastructure.openclaw.trace import decode_stage
from infrastructure.openclaw.wire import decode_call
from infrastructure.recorder.deliveries import Delivery, Part
from infrastructure.recorder.recorder import Recorder

BATCH_LINES = 256
BATCH_BYTES = 4 * 1024 * 1024
"""How much is decided before it is written and acknowledged, at most (but always one line)."""

Progress = Callable[[int], None]
"""Is told how many bytes of the source were read since it was told last."""


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


class _Batch:
    """Deliveries that wait to be recorded, with the lines that they came from."""

    def __init__(self, recorder: Recorder, into: Imported, keys: set[tuple[str, str]]) -> None:
        self._recorder, self._into, self._keys = recorder, into, keys
        self._waiting: list[tuple[int, Delivery]] = []
        self._size = 0

    def add(self, line: int, delivery: Delivery, size: int) -> None:
        self._waiting.append((line, delivery))
        self._size += size
        if len(self._waiting) >= BATCH_LINES or self._size >= BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        into = self._into
        answers = self._recorder.record([delivery for _line, delivery in self._waiting])
        for (line, delivery), answer in zip(self._waiting, answers, strict=True):
            match answer.outcome:
                case "recorded":
                    into.recorded += 1
                    into.events += answer.events
                    self._keys.update((delivery.gateway, key) for key in answer.engine_keys)
                case "duplicate":
                    into.duplicates += 1
                case "ignored":
                    into.ignored += 1
                case "rejected":
                    into.rejected.append(Rejected(into.source, line, answer.reason))
        into.streams = len(self._keys)
        self._waiting, self._size = [], 0


class Importer:
    """Imports recordings into a ledger."""

    def __init__(self, ledger: Ledger, *, gateway: str | None = None, keyed_by: KeyedBy = "session-key") -> None:
        self._ledger = ledger
        self._recorder = Recorder(ledger)
        self._gateway = None if gateway is None else check_gateway(gateway)
        self._keyed_by: KeyedBy = keyed_by
        self._engine_keys: dict[str, str] = {}

    def import_recording(self, path: str, progress: Progress, trace: str | None = None) -> Imported:
        """Import a lifecycle recording (`-` is standard input), and the cache trace that lies beside it.

        A line that can't be recorded is reported and every other is recorded. What is answered is durable.

        Raises:
            WrongUsage: a file can't be read, or `gateway` names none.
            StreamMoved, DatabaseUnavailable: as the recorder.
        """
        if trace is not None:
            with _opened(trace):
                pass  # or it would be missed only when the recording is in
        into = Imported(source=path)
        keys: set[tuple[str, str]] = set()
        with _opened(path) as stream:
            batch = _Batch(self._recorder, into, keys)
            waiting: list[Line] = []
            for line in read_lines(stream):
                waiting.append(line)
                if into.gateway is None and not self._name(waiting, into):
                    continue
                for one in waiting:
                    self._take(one, into, batch)
                    progress(len(one.content or b"") + 1)
                waiting = []
            if waiting:
                into.gateway = self._gateway or self._kept_name(waiting[0].content or b"", path)
                for one in waiting:
                    self._take(one, into, batch)
            batch.flush()
        if trace is not None and into.gateway is None:
            into.gateway = self._gateway  # the recording had no line that could name one
            if into.gateway is None:
                raise WrongUsage(f"{path} holds no line, so nobody knows whose trace {trace} is: say --gateway.")
        if trace is not None:
            into.trace = self._import_trace(trace, into, progress)
        return into

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
        name = check_gateway(f"{_slug(path)}-{digest.hex()[:8]}")
        return self._ledger.name_gateway(digest, name) or f"recording-{digest.hex()[:32]}"

    def _take(self, line: Line, into: Imported, batch: _Batch) -> None:
        into.lines += 1
        try:
            if line.content is None:
                raise BadLine(line.problem or "unreadable")
            call = decode_call(line.content)
            engine_key = engine_key_of(call, self._keyed_by)
            gateway = check_gateway(call.gateway) if call.gateway else into.gateway or ""
            delivery = None if engine_key is None else _delivery(call, gateway, engine_key, line.content)
        except HeartlineError as error:
            into.rejected.append(Rejected(into.source, line.number, str(error)))
            return
        if delivery is None:
            into.ignored += 1
            return
        if call.session_id and call.engine_key:
            self._engine_keys[call.session_id] = call.engine_key
        batch.add(line.number, delivery, len(line.content))

    def _import_trace(self, path: str, recording: Imported, progress: Progress) -> Imported:
        into = Imported(source=path, gateway=recording.gateway)
        submissions = Submissions()
        with _opened(path) as stream:
            batch = _Batch(self._recorder, into, set())
            for line in read_lines(stream):
                self._take_stage(line, into, batch, submissions)
                progress(len(line.content or b"") + 1)
            batch.flush()
        return into

    def _take_stage(self, line: Line, into: Imported, batch: _Batch, submissions: Submissions) -> None:
        into.lines += 1
        try:
            if line.content is None:
                raise BadLine(line.problem or "unreadable")
            stage = decode_stage(line.content)
        except HeartlineError as error:
            into.rejected.append(Rejected(into.source, line.number, str(error)))
            return
        submission = submissions.take(stage)
        if submission is None:
            into.ignored += 1
            return
        session_key, session_id = stage.session_key or "", stage.session_id or ""
        engine_key = self._engine_keys.get(session_id) or engine_key_for(session_key, session_id, self._keyed_by)
        fingerprint = sha256(line.content).digest()
        delivery_id = fingerprint.hex()
        part = Part(engine_key, lambda loaded: facts_of_submission(submission, delivery_id, loaded.contents))
        delivery = Delivery(into.gateway or "", delivery_id, fingerprint, [part])
        batch.add(line.number, delivery, len(line.content))


def _delivery(call: Call, gateway: str, engine_key: str, content: bytes) -> Delivery:
    fingerprint = sha256(content).digest()
    named = call.delivery_id != fingerprint.hex()
    return Delivery(gateway, call.delivery_id, fingerprint, parts_of(call, engine_key), named)


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
