"""A cache trace with its rotated ones, read as one: nothing twice, whatever was renamed or packed in between."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path

from infrastructure.openclaw.host.records import Problem
from infrastructure.openclaw.host.rotated_files import Mark, Marks, Piece, read_growing
from infrastructure.openclaw.lines import MAX_LINE_BYTES
from infrastructure.openclaw.trace import PROMPTED, Stage

ENDED = "session:after"

_MOST_RUNS = 1_024


def read_traces(paths: Iterable[str | Path], marks: Marks, *, limit: int = MAX_LINE_BYTES) -> Iterator[Piece | Problem]:
    """Read the lines of the files of one trace, given oldest first (as a Layout has them), each from its mark on.

    A file that was rotated since is known again by its first line, so it goes on where it stood. Where a file is
    there twice (packed, and not yet deleted) it is read once.
    """
    for path in paths:
        yield from read_growing(Path(path), marks, limit=limit)


class ResumeMarks:
    """From where to read a trace on another time: not from the middle of a run, whose prompt is told by earlier lines.

    A run begins with its prompt and ends with `session:after`; one that never ends is given up once a thousand others
    have begun. What is read again is recorded once, as every line is. Files of which nothing is read keep the marks
    that they had.
    """

    def __init__(self, kept: Iterable[Mark] = ()) -> None:
        self._running: OrderedDict[str, Mark] = OrderedDict()
        self._last = {mark.head: mark for mark in kept}

    def take(self, piece: Piece, stage: Stage | None) -> None:
        """Take note of a line that was read, and of what it says; None if it is no stage."""
        before = self._last.get(piece.mark.head, Mark(piece.mark.head))
        if stage is not None and stage.run_id:
            if stage.stage == PROMPTED:
                self._running.setdefault(stage.run_id, before)
                if len(self._running) > _MOST_RUNS:
                    self._running.popitem(last=False)
            elif stage.stage == ENDED:
                self._running.pop(stage.run_id, None)
        self._last[piece.mark.head] = piece.mark

    def all(self) -> tuple[Mark, ...]:
        """Give the mark of each file."""
        first = dict(self._last)
        for mark in self._running.values():
            first[mark.head] = min(first[mark.head], mark, key=_offset)
        return tuple(first.values())


def _offset(mark: Mark) -> int:
    return mark.offset
