"""Lines of an NDJSON file, read in bounded memory: what is too long is reported, never held."""

from collections.abc import Iterator
from typing import Protocol

import msgspec

MAX_LINE_BYTES = 64 * 1024 * 1024
"""The most that one line may hold, its line end not counted."""

_LINE_END = 2  # "\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SKIPPED_AT_ONCE = 1024 * 1024


class Readable(Protocol):
    """What lines are read of: any binary stream."""

    def readline(self, size: int = -1, /) -> bytes:
        """Read up to the next line end, but not more than `size` bytes."""
        ...


class Line(msgspec.Struct, frozen=True):
    """One physical line that isn't blank: its number from 1, and its content or what is wrong with it."""

    number: int
    content: bytes | None
    problem: str | None = None


def read_lines(stream: Readable, limit: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """Read the lines of a stream, without their line ends.

    Blank lines are no lines of the format: they are skipped, but they keep their number. A byte order mark at
    the start belongs to no line, nor does the `\\r` of a `\\r\\n`; the last line needs no line end. Of a line
    that is longer than `limit` at most `limit` bytes are held, and only until that shows.
    """
    number = 1
    read = stream.readline(len(_BYTE_ORDER_MARK) + limit + _LINE_END).removeprefix(_BYTE_ORDER_MARK)
    while read:
        content = read.removesuffix(b"\n").removesuffix(b"\r")
        if len(content) > limit:
            if not read.endswith(b"\n"):
                del read, content  # so that skipping holds one piece, not the line's start as well
                _skip_rest(stream)
            yield Line(number, None, f"longer than {limit} bytes")
        elif content and not content.isspace():
            yield Line(number, content)
        number += 1
        read = stream.readline(limit + _LINE_END)


def _skip_rest(stream: Readable) -> None:
    while piece := stream.readline(_SKIPPED_AT_ONCE):
        if piece.endswith(b"\n"):
            return
