"""May's `<session id>.trajectory.jsonl`: a file of events that the host stops writing at 10 MB."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from infrastructure.openclaw.host.may.appended import AppendedFile, Mark
from infrastructure.openclaw.host.records import Place, Problem, Run
from infrastructure.openclaw.host.trajectories import Known, Runs
from infrastructure.openclaw.lossless import legible

_STOPS_AT = 10 * 1024 * 1024
_LONGEST_EVENT = 256 * 1024

_KNOWN = msgspec.json.Decoder(tuple[Known, ...])


class TrajectoryFile:
    """The runs of one file, from a mark on. Memory is bounded: one line, and the runs that have no end yet."""

    def __init__(self, path: Path, mark: Mark | None = None) -> None:
        self._path = path
        self._name = legible(str(path))
        self._mark = mark
        self.anew: str | None = None

    @property
    def mark(self) -> Mark | None:
        """From where to read on, once all records were taken: before the run that has no end yet, if there is one."""
        return self._mark

    def records(self) -> Iterator[Run | Problem]:
        """Read the runs behind the mark; what can't be read is a problem, and so is a file that the host gave up."""
        try:
            file = AppendedFile(self._path, self._mark)
            self.anew = file.anew
            runs = Runs(_known(file.previous))
            begun: dict[int, tuple[int, int]] = {}
            for line in file.lines():
                if line.content is None:
                    yield self._problem(line.number, line.problem or "it could not be read")
                    continue
                if file.unended and not _whole(line.content):
                    yield self._problem(line.number, "half-written: it has no line end, and is read once it is whole")
                    continue
                begun[line.number] = file.before
                yield from runs.take(Place(self._name, "", line.number), line.content)
                waiting = runs.unfinished.get((self._name, ""), line.number + 1)
                while (oldest := next(iter(begun), waiting)) < waiting:
                    del begun[oldest]
            if file.size > _STOPS_AT - _LONGEST_EVENT:
                yield self._problem(None, "the host stops writing at 10 MB: later runs are not in it")
            file.previous = msgspec.json.encode(runs.known).decode()
            self._mark = next((file.mark_at(*place) for place in begun.values()), file.mark)
            yield from runs.rest()
        except OSError as error:
            yield self._problem(None, f"it could not be read: {error}")

    def _problem(self, number: int | None, reason: str) -> Problem:
        return Problem(self._name, "", number, reason)


def _known(previous: str | None) -> tuple[Known, ...]:
    try:
        return _KNOWN.decode(previous) if previous is not None else ()
    except (msgspec.DecodeError, ValueError):  # of another reader: attempts are counted anew
        return ()


def _whole(content: bytes) -> bool:
    try:
        msgspec.json.decode(content, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
