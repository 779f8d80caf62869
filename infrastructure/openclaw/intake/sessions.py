"""Importing May's folder of sessions."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import msgpack

from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.host.may.appended import Mark
from infrastructure.openclaw.host.may.sessions import SessionFolder
from infrastructure.openclaw.host.may.trajectory_files import TrajectoryFile
from infrastructure.openclaw.host.may.transcript_files import TranscriptFile
from infrastructure.openclaw.host.records import Problem, Record, Run, SessionWindow
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
from infrastructure.openclaw.intake.stores import EngineKey
from infrastructure.openclaw.kept import ContentPolicy

KIND = "sessions"


def import_sessions(
    ledger: Ledger, path: str, gateway: str, engine_key: EngineKey, content: ContentPolicy
) -> ImportedSource:
    """Import a folder of sessions: what each key points to, every transcript, checkpoint and archive, and the runs.

    Raises:
        DatabaseUnavailable, StreamMoved: as the recorder.
    """
    into = ImportedSource(source=absolute(path), kind=KIND, gateway=gateway)
    recording = Recording(ledger, into, content)
    folder = SessionFolder(Path(path))
    marks = SourceMarks(ledger, into, (folder.agent or "").encode())  # one folder for each agent of a gateway
    for window in _windows(folder, recording):
        session_id = window.session_id
        if window.session_key is None:
            recording.skip(Problem(window.place.path, session_id, None, "no key is known of this session"))
            continue
        stream = Stream(gateway, engine_key(window.session_key, session_id), window.session_key, marks.key)
        said = msgpack.encode([window.updated_at, window.current, window.status])
        if not marks.same(session_id, said):
            list_session(recording, stream, window)
            marks.keep(session_id, said, KeptTick())
        for held in folder.files.get(session_id, ()):
            name = held.path.name
            transcript = TranscriptFile(held.path, _mark(marks, name), session_id)
            tick = tell_session(recording, stream, window, transcript.records(), marks.tick(name))
            marks.keep(name, msgpack.encode(transcript.mark), tick)
        if session_id in folder.trajectories:
            trajectory = folder.trajectories[session_id]
            runs = TrajectoryFile(trajectory, _mark(marks, trajectory.name))
            tell_session(recording, stream, window, _ended(runs.records()), KeptTick())
            marks.keep(trajectory.name, msgpack.encode(runs.mark), KeptTick())
    recording.flush()
    marks.save()
    return into


def _windows(folder: SessionFolder, recording: Recording) -> list[SessionWindow]:
    """Give the sessions in the order in which they began: so ticks come in theirs."""
    windows: list[SessionWindow] = []
    for one in folder.windows():
        if isinstance(one, Problem):
            recording.skip(one)
        else:
            windows.append(one)
    recording.into.sessions = len(windows)
    return sorted(windows, key=lambda one: (one.created_at or 0, one.session_id))


def _mark(marks: SourceMarks, name: str) -> Mark | None:
    kept = marks.before.readers.get(name)
    return None if kept is None else msgpack.decode(kept, type=Mark | None)


def _ended(records: Iterator[Run | Problem]) -> Iterator[Record]:
    """Leave out what goes on: it is told once it has ended."""
    return (one for one in records if not isinstance(one, Run) or one.ended_at is not None)
