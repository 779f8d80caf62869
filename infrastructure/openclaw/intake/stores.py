"""Importing the current release's store."""

from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct, msgpack

from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.host.records import Problem, Record, SessionWindow
from infrastructure.openclaw.host.store.store import Mark, Store
from infrastructure.openclaw.host.trajectories import Runs
from infrastructure.openclaw.intake.recording import (
    ImportedSource,
    KeptTick,
    Recording,
    SourceMarks,
    absolute,
    list_session,
    tell_session,
)
from infrastructure.openclaw.intake.stored import Stream
from infrastructure.openclaw.kept import ContentPolicy

EngineKey = Callable[[str, str], str]
"""Gives the engine key under which a session (key, id) is recorded."""

KIND = "store"


class _Read(Struct, frozen=True, array_like=True):
    """Up to where a session was read, and as what it was listed then."""

    mark: Mark
    updated_at: int | None
    current: bool
    status: str | None


def import_store(
    ledger: Ledger, path: str, gateway: str, engine_key: EngineKey, content: ContentPolicy
) -> ImportedSource:
    """Import a store: its sessions, ticks, transcripts and runs. Sessions that stand where they stood are passed over.

    Raises:
        UnreadableStore: it is none, or nothing of it can be read.
        DatabaseUnavailable, StreamMoved: as the recorder.
    """
    into = ImportedSource(source=absolute(path), kind=KIND, gateway=gateway)
    recording = Recording(ledger, into, content)
    with Store.open(Path(path)) as store:
        marks = SourceMarks(ledger, into, store.identity)
        for problem in store.problems():
            recording.skip(problem)
        if not marks.before.readers:  # it reads all rows once: a broken index would hide some from what follows
            for problem in store.damage():
                recording.skip(problem)
        found = store.marks()
        for problem in found.problems:
            recording.skip(problem)
        for window in _windows(store, recording):
            mark = found.sessions.get(window.session_id, Mark())
            now = msgpack.encode(_Read(mark, window.updated_at, window.current, window.status))
            if marks.same(window.session_id, now):
                continue
            if window.session_key is None:
                recording.skip(Problem(window.place.path, window.session_id, None, "no key is known of this session"))
                continue
            key = engine_key(window.session_key, window.session_id)
            stream = Stream(gateway, key, window.session_key, marks.key)
            list_session(recording, stream, window)
            before, tick = _before(marks, window.session_id, mark)
            records = _records(store, window.session_id, before, mark)
            marks.keep(window.session_id, now, tell_session(recording, stream, window, records, tick))
    recording.flush()
    marks.save()
    return into


def _windows(store: Store, recording: Recording) -> list[SessionWindow]:
    """Give the sessions in the order in which they began: so ticks come in theirs."""
    windows: list[SessionWindow] = []
    for one in store.windows():
        if isinstance(one, Problem):
            recording.skip(one)
        else:
            windows.append(one)
    recording.into.sessions = len(windows)
    return sorted(windows, key=lambda one: (one.created_at or 0, one.session_id))


def _before(marks: SourceMarks, session_id: str, now: Mark) -> tuple[Mark, KeptTick]:
    """Give up to where a session was read, and the tick that was open there; its start, if the host rewrote it."""
    kept = marks.before.readers.get(session_id)
    read = None if kept is None else msgpack.decode(kept, type=_Read).mark
    if read is None or read.generation != now.generation or read.transcript > now.transcript:
        return Mark(), KeptTick()
    return read, marks.tick(session_id)


def _records(store: Store, session_id: str, before: Mark, now: Mark) -> Iterator[Record]:
    """Read a session on. Its runs are read anew: one that goes on is told by events on both sides of a mark."""
    if now.transcript != before.transcript:
        yield from store.transcript(session_id, before.transcript)
    if now.trajectory == before.trajectory:
        return
    runs = Runs()
    for found in store.trajectory(session_id):
        if isinstance(found, Problem):
            yield found
        else:
            yield from runs.take(*found)
    yield from (run for run in runs.rest() if run.ended_at is not None)
