"""A cache trace with its rotated ones, read as one: nothing twice, whatever was renamed or packed in between."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from infrastructure.openclaw.host.records import Problem
from infrastructure.openclaw.host.rotated_files import Marks, Piece, read_growing
from infrastructure.openclaw.lines import MAX_LINE_BYTES


def read_traces(paths: Iterable[str | Path], marks: Marks, *, limit: int = MAX_LINE_BYTES) -> Iterator[Piece | Problem]:
    """Read the lines of the files of one trace, given oldest first (as a Layout has them), each from its mark on.

    A file that was rotated since is known again by its first line, so it goes on where it stood. Where a file is
    there twice (packed, and not yet deleted) it is read once.
    """
    for path in paths:
        yield from read_growing(Path(path), marks, limit=limit)
