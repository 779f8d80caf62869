"""Importing a host's cache trace, with its rotated files: what was submitted."""

from collections.abc import Callable, Sequence

from msgspec import msgpack

from domain.errors import HeartlineError
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.host.records import Problem
from infrastructure.openclaw.host.rotated_files import Mark, Piece
from infrastructure.openclaw.host.rotated_files import Marks as FileMarks
from infrastructure.openclaw.host.traces import ResumeMarks, read_traces
from infrastructure.openclaw.importer import delivery_of
from infrastructure.openclaw.importing import Submitted
from infrastructure.openclaw.intake.recording import ImportedSource, KeptTick, Recording, SourceMarks, absolute
from infrastructure.openclaw.intake.stores import EngineKey
from infrastructure.openclaw.kept import ContentPolicy
from infrastructure.openclaw.submitted import Submissions
from infrastructure.openclaw.trace import Stage, decode_stage

KIND = "trace"
_FILES = "files"


def import_traces(
    ledger: Ledger,
    paths: Sequence[str],
    gateway: str,
    engine_key: EngineKey,
    content: ContentPolicy,
    kept: Callable[[str], bytes | None] | None = None,
) -> ImportedSource:
    """Import a trace, given as its files, the oldest first. `kept` gives messages by the host's fingerprint.

    Raises:
        DatabaseUnavailable, StreamMoved: as the recorder.
    """
    into = ImportedSource(source=absolute(paths[-1]), kind=KIND, gateway=gateway)
    recording = Recording(ledger, into, content)
    marks = SourceMarks(ledger, into, b"")  # a gateway writes one
    before = marks.before.readers.get(_FILES)
    kept_marks = () if before is None else msgpack.decode(before, type=tuple[Mark, ...])
    files, resume = FileMarks(kept_marks), ResumeMarks(kept_marks)
    submissions = Submissions(kept)
    sessions: set[str] = set()
    for piece in read_traces(paths, files):
        if isinstance(piece, Problem):
            recording.skip(piece)
        else:
            resume.take(piece, _take(recording, submissions, piece, gateway, engine_key, sessions))
    recording.flush()
    into.sessions = len(sessions)
    marks.keep(_FILES, msgpack.encode(resume.all()), KeptTick())
    marks.save()
    return into


def _take(
    recording: Recording,
    submissions: Submissions,
    piece: Piece,
    gateway: str,
    engine_key: EngineKey,
    sessions: set[str],
) -> Stage | None:
    """Record what a line says was submitted; give the stage that it is, None if it is none."""
    stage = None
    try:
        stage = decode_stage(piece.content)
        submission = submissions.take(stage)
        if submission is None:
            return stage
        key = engine_key(stage.session_key or "", stage.session_id or "")
        delivery = delivery_of(Submitted(piece.content, submission), gateway, key, "session-key")
    except HeartlineError as error:
        recording.skip(Problem(piece.path, "", piece.number, str(error)))
        return stage
    sessions.add(stage.session_id or "")
    recording.add([delivery], len(piece.content))
    return stage
