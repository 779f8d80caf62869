"""Lines of files that grow, are rotated and compressed: each read once, whatever the file is called by then."""

import io
import os
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from infrastructure.openclaw.host.packed import Damaged, opened
from infrastructure.openclaw.host.records import Problem
from infrastructure.openclaw.lines import MAX_LINE_BYTES
from infrastructure.openclaw.lossless import legible

_LINE_END = 2  # "\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MOST_HEAD = 64 * 1024
_SKIPPED_AT_ONCE = 1024 * 1024


class Mark(Struct, frozen=True):
    """Up to where a file was read. `head` is what it is known again by, wherever it was moved: its first line.

    `offset` counts bytes, unpacked, `line` the lines before it. `ended` says that the last of these had its end.
    """

    head: bytes
    offset: int = 0
    line: int = 0
    ended: bool = True


class Piece(Struct, frozen=True):
    """One line of a file, without its end, and where reading goes on behind it. Numbers count from 1."""

    path: str
    number: int
    content: bytes
    mark: Mark


class Marks:
    """Where reading of several files stands; give it what was kept, keep what it has in the end."""

    def __init__(self, kept: Iterable[Mark] = ()) -> None:
        self._marks = {mark.head: mark for mark in kept}

    def all(self) -> tuple[Mark, ...]:
        """Give the marks that were kept, and those of what was read since."""
        return tuple(self._marks.values())

    def of(self, head: bytes) -> Mark:
        """Give where reading of a file stands; at its beginning if it was never read."""
        return self._marks.get(head, Mark(head))

    def set(self, mark: Mark) -> None:
        """Take note of how far a file was read."""
        self._marks[mark.head] = mark


def read_growing(
    path: Path, marks: Marks, *, limit: int = MAX_LINE_BYTES, wanted: Callable[[bytes], bool] | None = None
) -> Iterator[Piece | Problem]:
    """Read the lines of a file from where its mark stands; the mark moves on with what was given.

    It holds one line at a time, of `limit` bytes at most. Lines that are blank, or not `wanted`, are passed over. What
    is too long, damaged or half-written is a problem; a half-written last line is read when it is whole. A file that
    is shorter than its mark says was cut: that is a problem too, and it is read from its beginning.
    """
    name = legible(str(path))
    number = None
    try:
        with opened(path) as stream:
            head = _head_of(stream)
        if head is None:
            return
        mark = marks.of(head)
        with opened(path) as stream:
            if not _at(stream, mark.offset):
                marks.set(Mark(head))
                yield Problem(name, "", None, "is shorter than it was: it is read from its beginning")
                yield from read_growing(path, marks, limit=limit, wanted=wanted)
                return
            if mark.offset and not mark.ended:
                mark = Mark(head, mark.offset + len(stream.readline(limit + _LINE_END)), mark.line)
            while read := stream.readline(limit + _LINE_END):
                number = mark.line + 1
                ended, offset = read.endswith(b"\n"), mark.offset + len(read)
                content = read.removesuffix(b"\n").removesuffix(b"\r")
                if number == 1:
                    content = content.removeprefix(_BYTE_ORDER_MARK)
                if len(content) > limit:
                    if not ended:
                        del read, content  # so that skipping holds one piece, not the line's start as well
                        skipped, ended = _rest_of_line(stream)
                        offset += skipped
                    mark = Mark(head, offset, number)
                    if ended:
                        marks.set(mark)
                    yield Problem(name, "", number, f"longer than {limit} bytes")
                elif ended or _whole(content):
                    mark = Mark(head, offset, number, ended)
                    marks.set(mark)
                    if content and not content.isspace() and (wanted is None or wanted(content)):
                        yield Piece(str(path), number, content, mark)
                else:
                    yield Problem(name, "", number, "half-written")
                    return
    except FileNotFoundError:
        return
    except Damaged as error:
        yield Problem(name, "", number, str(error))
    except OSError as error:
        yield Problem(name, "", number, f"can't be read: {error.strerror}")


def _head_of(stream: BinaryIO) -> bytes | None:
    """Give what a file is known by, which is how its first line begins; None if it is empty."""
    first = stream.readline(_MOST_HEAD)
    return sha256(first.rstrip(b"\r\n")).digest() if first else None


def _at(stream: BinaryIO, offset: int) -> bool:
    """Go to an offset in a stream that stands at its beginning; say whether it reaches so far."""
    if isinstance(stream, io.BufferedReader) and isinstance(stream.raw, io.FileIO):
        return os.fstat(stream.fileno()).st_size >= offset == stream.seek(offset)
    while offset > 0:
        read = stream.read(min(offset, _SKIPPED_AT_ONCE))
        if not read:
            return False
        offset -= len(read)
    return True


def _rest_of_line(stream: BinaryIO) -> tuple[int, bool]:
    """Read to the end of the line; give how many bytes that was, and whether it has an end."""
    count = 0
    while piece := stream.readline(_SKIPPED_AT_ONCE):
        count += len(piece)
        if piece.endswith(b"\n"):
            return count, True
    return count, False


def _whole(content: bytes) -> bool:
    """Tell whether the last line is whole although it has no end: if it is a JSON object."""
    try:
        return content.lstrip().startswith(b"{") and bool(msgspec.json.decode(content, type=msgspec.Raw))
    except (msgspec.DecodeError, RecursionError):
        return False
