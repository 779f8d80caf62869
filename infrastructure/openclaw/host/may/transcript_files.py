"""A transcript's file: May's `<session id>.jsonl`, its checkpoints and archives."""

import io
from collections.abc import Iterator
from pathlib import Path

import msgspec
import zstandard

from infrastructure.openclaw.host.may.appended import AppendedFile, Mark, Unpacked
from infrastructure.openclaw.host.may.branches import EVERYTHING, Branch, Leaps, Link, link_of
from infrastructure.openclaw.host.may.session_names import session_file
from infrastructure.openclaw.host.records import Place, Problem, Record, TranscriptMessage
from infrastructure.openclaw.host.transcripts import UnknownKinds, entry_of
from infrastructure.openclaw.lines import Line
from infrastructure.openclaw.lossless import legible
from infrastructure.openclaw.times import microseconds

_HEADER_BYTES = 1024 * 1024


class Header(msgspec.Struct, frozen=True, rename="camel"):
    """The first line of a transcript. `parent_session` is the path of the one that it was forked from."""

    type: str
    id: str | None = None
    version: int | None = None
    timestamp: str | None = None
    parent_session: str | None = None

    @property
    def created_at(self) -> int | None:
        """When the session was begun, in µs since the Unix epoch."""
        return None if self.timestamp is None else microseconds(self.timestamp)


_HEADER = msgspec.json.Decoder(Header)


class TranscriptFile:
    """The records of one file, from a mark on (see AppendedFile for what a mark holds good for).

    A checkpoint or an archive holds entries of the session that its name says, and they are the very entries of its
    transcript: same ids, same bytes. So they are told as the session's, and whoever has one knows it again. The name
    says whose a transcript is unless its first line says it; an `expected` id overrules both.

    Memory is bounded: one line, and what `Leaps` remembers. A file is read ahead for its leaps; where there are any
    behind the mark, all of it is, so that what was told before the mark stays as it was told then.
    """

    def __init__(self, path: Path, mark: Mark | None = None, expected: str | None = None) -> None:
        self._path = path
        self._name = legible(str(path))
        self._mark = mark
        self._expected = expected
        self.anew: str | None = None

    @property
    def mark(self) -> Mark | None:
        """Up to where the records reach, once all of them were taken; until then the mark that was given."""
        return self._mark

    def records(self) -> Iterator[Record]:
        """Read the records behind the mark; problems are among them, and every line that isn't told is one.

        Only what tells a model nothing is left out, and unknown kinds are told once each. A last line that is
        half-written is told as a problem, and read the next time.
        """
        named = session_file(self._path.name)
        compressed = named is not None and named.compressed
        try:
            file = AppendedFile(self._path, self._mark, compressed=compressed)
            self.anew = file.anew
            session_id = self._expected or session_of(self._path)
            branch, previous = self._branch(file, compressed)
            if not branch.complete:
                yield self._problem(None, "it leaps too often to say which entries lie on the branch that it is on")
            yield from self._told(file, session_id, branch)
            file.previous = previous
            self._mark = file.mark
        except (OSError, zstandard.ZstdError) as error:
            yield self._problem(None, f"it could not be read: {error}")

    def _told(self, file: AppendedFile, session_id: str, branch: Branch) -> Iterator[Record]:
        unknown = UnknownKinds()
        for line in file.lines():
            record = self._record(line, session_id, file.unended)
            match record:
                case None:
                    continue
                case Problem():
                    if (told := unknown.tells(record)) is not None:
                        yield told
                case TranscriptMessage() if line.number not in branch:
                    yield msgspec.structs.replace(record, active=False)
                case _:
                    yield record

    def _record(self, line: Line, session_id: str, unended: bool) -> Record | None:
        if line.content is None:
            return self._problem(line.number, line.problem or "it could not be read")
        record = entry_of(Place(self._name, "", line.number), session_id, line.content)
        if unended and isinstance(record, Problem):
            return self._problem(line.number, "half-written: it has no line end, and is read once it is whole")
        return record

    def _branch(self, file: AppendedFile, compressed: bool) -> tuple[Branch, str | None]:
        """Find the branch that the session is on, and the id of the last entry, by reading ahead."""
        leaps = Leaps(file.previous)
        ahead = AppendedFile(self._path, self._mark if file.anew is None else None, compressed=compressed)
        for number, link in _links(ahead):
            leaps.take(number, link)
        if leaps.any and self._mark is not None:
            leaps = Leaps()
            for number, link in _links(AppendedFile(self._path, compressed=compressed)):
                leaps.take(number, link)
        if not leaps.any:
            return EVERYTHING, leaps.previous
        return leaps.branch(lambda: _links(AppendedFile(self._path, compressed=compressed))), leaps.previous

    def _problem(self, number: int | None, reason: str) -> Problem:
        return Problem(self._name, "", number, reason)


def read_transcript(path: Path, after_line: int = 0, expected: str | None = None) -> Iterator[Record]:
    """Read the records of a file that stand behind a line. TranscriptFile does it without reading what is known."""
    for record in TranscriptFile(path, expected=expected).records():
        number = record.number if isinstance(record, Problem) else record.place.number
        if number is None or number > after_line:
            yield record


def header_of(path: Path) -> Header | None:
    """Read the first line of a transcript; None if it is no header."""
    named = session_file(path.name)
    try:
        with path.open("rb") as stream:
            if named is not None and named.compressed:
                first = io.BufferedReader(Unpacked(stream)).readline(_HEADER_BYTES)
            else:
                first = stream.readline(_HEADER_BYTES)
        header = _HEADER.decode(first.removeprefix(b"\xef\xbb\xbf"))
    except (OSError, zstandard.ZstdError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return header if header.type == "session" else None


def session_of(path: Path) -> str:
    """Say whose entries a file holds: of checkpoints and archives their name says it, else the first line does."""
    named = session_file(path.name)
    header = header_of(path) if named is None or named.kind == "transcript" else None
    if header is not None and header.id:
        return legible(header.id)
    return named.session_id if named is not None else legible(path.stem)


def _links(file: AppendedFile) -> Iterator[tuple[int, Link]]:
    for line in file.lines():
        if line.content is not None and (link := link_of(line.content)) is not None:
            yield line.number, link
