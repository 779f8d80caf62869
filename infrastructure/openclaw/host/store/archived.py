"""Transcripts that a host moved out of its tables into archives: of sessions long unused, deleted, or reset."""

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec

from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.host.records import Place, Problem, Record, SessionWindow
from infrastructure.openclaw.host.store.cells import legible_text, microseconds_of
from infrastructure.openclaw.host.store.compressed import Decompressing, Undecodable
from infrastructure.openclaw.host.store.events import FAILURES, what_failed
from infrastructure.openclaw.host.store.tables import Row, Tables
from infrastructure.openclaw.host.transcripts import UnknownKinds, entry_of
from infrastructure.openclaw.lines import read_lines
from infrastructure.openclaw.lossless import text_of
from infrastructure.openclaw.shapes import Reader, Text, Value, check_line

_NAME = re.compile(r"[0-9a-f]{64}\.jsonl\.zst")
_HASHED_AT_ONCE = 1 << 20


class ColdEvent(msgspec.Struct, frozen=True):
    """An event of a transcript that was moved into an archive: the same number and bytes as it had in its table."""

    seq: int
    event: bytes
    active: bool


class _Kind(msgspec.Struct, frozen=True):
    kind: str
    row: Value | None = None


class _Event(msgspec.Struct, frozen=True):
    seq: int
    event_json: Text


class _Active(msgspec.Struct, frozen=True):
    event_seq: int


_KIND = Reader(_Kind)
_EVENT = Reader(_Event)
_ACTIVE = Reader(_Active)


def cold_events(tables: Tables, session: str, after: int) -> Iterator[ColdEvent | Problem]:
    """Read the events behind number `after` of a session whose transcript was moved into an archive, if it was.

    The archive lies in the store itself, or in the folder `sessions/cold` of the same agent; what it holds is proved by
    the digest and the count that the store keeps.
    """
    try:
        found = tables.rows("cold_archive", session=session) if tables.has("cold") else []
    except FAILURES as error:
        yield Problem(tables.path, session, None, f"whether it is in an archive can't be read: {what_failed(error)}")
        return
    for row in found:
        yield from _cold_events(tables, session, after, row)


def _cold_events(tables: Tables, session: str, after: int, row: Row) -> Iterator[ColdEvent | Problem]:
    storage, name, digest, count, blob = row
    path = tables.path
    opened: Callable[[], BinaryIO]
    if storage == b"sqlite" and isinstance(blob, bytes):
        opened = partial(io.BytesIO, blob)
    else:
        named = legible_text(name) or ""
        if not _NAME.fullmatch(named):
            yield Problem(path, session, None, f"its archive has no name of an archive: `{named[:80]}`")
            return
        file = _artifacts(tables.database.path) / "cold" / named
        path, opened = str(file), partial(_opened, file)
    events = 0
    try:
        yield from _proved(path, session, opened, digest)
        active = set(_active_events(opened))
        for number, content, problem in _lines(opened):
            if content is None:
                yield Problem(path, session, number, problem or "it can't be read")
                continue
            try:
                kind = _read(_KIND, content)
                if kind.kind != "event" or kind.row is None:
                    continue
                events += 1
                event = _EVENT.read(kind.row)
            except BadLine as error:
                yield Problem(path, session, number, error.reason)
                continue
            if event.seq > after:
                text = text_of(event.event_json).encode("utf-8", "surrogatepass")
                yield ColdEvent(event.seq, text, not active or event.seq in active)
    except (OSError, Undecodable) as error:
        yield Problem(path, session, None, f"its archive can't be read: {_why(error)}")
        return
    if isinstance(count, int) and events != count:
        yield Problem(path, session, None, f"its archive holds {events} events, and should hold {count}")


def archived_transcripts(tables: Tables, known: frozenset[str]) -> Iterator[Record]:
    """Read the transcripts of sessions that were deleted or reset, as far as the store still holds them.

    Each is a window that nothing points to, followed by its entries; their places count lines, and name the archive as
    their part. The archives named in `known` are left out. The host publishes them as files as well.
    """
    if not tables.has("archive"):
        return
    after = ""
    while True:
        try:
            rows = tables.rows("archives", after=after)
        except FAILURES as error:
            yield Problem(tables.path, "", None, f"the archives can't be read: {what_failed(error)}")
            return
        if not rows:
            return
        for row in rows:
            name = legible_text(row[0]) or ""
            if name <= after:
                yield Problem(tables.path, "", None, "archives that follow have no name behind it")
                return
            after = name
            if name not in known:
                yield from _archived(tables, name, row)


def _archived(tables: Tables, name: str, row: Row) -> Iterator[Record]:
    _, session_id, session_key, reason, encoding, digest, created_at = row
    session = legible_text(session_id) or ""
    yield SessionWindow(
        place=Place(tables.path, name, 0),
        session_id=session,
        session_key=legible_text(session_key),
        agent=None,
        current=False,
        updated_at=microseconds_of(created_at),
        reason=legible_text(reason),
    )
    try:
        blobs = tables.rows("archive_bytes", name=name)
    except FAILURES as error:
        yield Problem(tables.path, name, None, what_failed(error))
        return
    blob = blobs[0][0] if blobs else None
    if not isinstance(blob, bytes):
        yield Problem(tables.path, name, None, "it holds no bytes")
        return

    opened = partial(io.BytesIO, blob)
    kinds = UnknownKinds()
    try:
        yield from _proved(tables.path, name, opened, digest)
        for number, content, problem in _lines(opened, plain=encoding == b"identity"):
            if content is None:
                yield Problem(tables.path, name, number, problem or "it can't be read")
                continue
            entry = entry_of(Place(tables.path, name, number), session, content)
            told = kinds.tells(entry) if isinstance(entry, Problem) else entry
            if told is not None:
                yield told
    except Undecodable as error:
        yield Problem(tables.path, name, None, str(error))


def _opened(file: Path) -> BinaryIO:
    return file.open("rb")


def _artifacts(store: Path) -> Path:
    """Give the folder of an agent's files: beside the folder `agent` that has its store, else the store's own."""
    folder = store.absolute().parent
    return folder.parent / "sessions" if folder.name == "agent" else folder


def _proved(path: str, part: str, opened: Callable[[], BinaryIO], digest: object) -> Iterator[Problem]:
    hashed = hashlib.sha256()
    with closing(opened()) as file:
        while piece := file.read(_HASHED_AT_ONCE):
            hashed.update(piece)
    if isinstance(digest, bytes) and hashed.hexdigest().encode() != digest:
        yield Problem(path, part, None, "its archive is not what it was: its bytes have another digest")


def _active_events(opened: Callable[[], BinaryIO]) -> Iterator[int]:
    """Give the numbers of the events that the archive says were in use; they stand behind the events."""
    for _, content, _ in _lines(opened):
        if content is None or b'"active"' not in content[:40]:
            continue
        try:
            kind = _read(_KIND, content)
            if kind.kind == "active" and kind.row is not None:
                yield _ACTIVE.read(kind.row).event_seq
        except BadLine:
            continue  # it is told when the events are read


def _lines(opened: Callable[[], BinaryIO], *, plain: bool = False) -> Iterator[tuple[int, bytes | None, str | None]]:
    with closing(opened()) as file:
        stream = file if plain else io.BufferedReader(Decompressing(file))
        for line in read_lines(stream):
            yield line.number, line.content, line.problem


def _read(reader: Reader[_Kind], content: bytes) -> _Kind:
    check_line(content)
    return reader.read(content)


def _why(error: OSError | Undecodable) -> str:
    return str(error.strerror or error) if isinstance(error, OSError) else str(error)
