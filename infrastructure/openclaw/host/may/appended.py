"""Files that their host appends lines to: read from where reading stopped, unless they were replaced."""

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard
from msgspec import Struct

from infrastructure.openclaw.lines import Line, read_lines

_FIRST = 64 * 1024
_LAST = 4 * 1024
_PACKED_AT_ONCE = 512  # which come to 16 MiB at the very most


class Mark(Struct, frozen=True):
    """Up to where a file was read, and by what it is known again. Whoever keeps it hands it back the next time.

    `place` is the first byte that was not read, `lines` how many lines lie before it, and `previous` what the reader
    of the lines wants to know of the last one. `size` is in bytes, `modified` in ns since the Unix epoch; `first` and
    `last` are SHA-256 of the first line (64 KiB of it at most) and of what lies directly before the place (4 KiB).
    """

    place: int
    lines: int
    size: int
    modified: int
    inode: int
    first: str
    last: str
    previous: str | None = None


class AppendedFile:
    """The lines of a file that grows, from a mark on.

    `anew` says why the mark does not hold, so that everything is read again: the file was replaced (another inode or
    first line), shortened, or written anew where it was read. A rewrite in place that keeps the first line and the
    4 KiB before the mark while the file also grows is not noticed.

    A last line without its line end may be half-written: it is given, with `unended` set, but the mark stays
    before it. A compressed file is never appended to: it is read whole, or not at all if it is the one of the mark.
    Errors: OSError where the file can't be read, zstandard.ZstdError where it isn't what its name says.
    """

    def __init__(self, path: Path, mark: Mark | None = None, *, compressed: bool = False) -> None:
        self._path = path
        self._compressed = compressed
        with path.open("rb") as stream:
            self._status = os.fstat(stream.fileno())
            self._first = _first_line(stream)
            self.anew = None if mark is None else self._broken(mark, stream)
        self._from = mark if mark is not None and self.anew is None else None
        self._place = self._from.place if self._from else 0
        self._lines = self._from.lines if self._from else 0
        self.previous = self._from.previous if self._from else None
        self.unended = False
        self.before = (self._place, self._lines)

    @property
    def mark(self) -> Mark:
        """Up to where the lines that were taken reach."""
        return self.mark_at(self._place, self._lines)

    @property
    def size(self) -> int:
        """How many bytes it had when it was opened."""
        return self._status.st_size

    def mark_at(self, place: int, lines: int) -> Mark:
        """Give the mark of a place that was before a line (`before`, while the line is the one that was taken last)."""
        return Mark(
            place=place,
            lines=lines,
            size=self._status.st_size,
            modified=self._status.st_mtime_ns,
            inode=self._status.st_ino,
            first=self._first,
            last=self._before(place),
            previous=self.previous,
        )

    def lines(self) -> Iterator[Line]:
        """Give the lines behind the mark; their numbers count from the beginning of the file."""
        if self._compressed:
            yield from self._compressed_lines()
            return
        begun = self._lines
        with self._path.open("rb") as stream:
            stream.seek(self._place)
            counted = _Counted(stream)
            start = self._place
            for line in read_lines(counted):
                self.unended = not counted.ended
                self.before = (self._place, self._lines)
                if counted.ended:
                    self._place, self._lines = start + counted.read, begun + counted.lines
                yield Line(begun + line.number, line.content, line.problem)
            if counted.ended:
                self._place, self._lines = start + counted.read, begun + counted.lines

    def _compressed_lines(self) -> Iterator[Line]:
        if self._place:
            return
        with self._path.open("rb") as stream:
            yield from read_lines(io.BufferedReader(Unpacked(stream)))
        self._place = self._status.st_size

    def _broken(self, mark: Mark, stream: BinaryIO) -> str | None:
        status = self._status
        if mark.place == 0:
            return None  # nothing was read
        if status.st_ino != mark.inode or self._first != mark.first:
            return "it was replaced"
        if status.st_size < mark.size:
            return f"it was shortened from {mark.size} to {status.st_size} bytes"
        rewritten = status.st_size == mark.size and status.st_mtime_ns != mark.modified
        if rewritten or _digest(stream, mark.place) != mark.last:
            return "it was written anew"
        return None

    def _before(self, place: int) -> str:
        with self._path.open("rb") as stream:
            return _digest(stream, place)


class Unpacked(io.RawIOBase):
    """What a stream that is compressed with zstd holds. Errors: zstandard.ZstdError where it is broken or cut off.

    The library's own reader takes a stream that is cut off for one that ends.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decompressor = zstandard.ZstdDecompressor()
        self._frame = self._decompressor.decompressobj()
        self._begun = False
        self._held = b""

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]  # of bytes
        """Read some bytes into a buffer, and say how many; 0 at the end."""
        while not self._held:
            packed = self._stream.read(_PACKED_AT_ONCE)
            if not packed:
                if self._begun:
                    raise zstandard.ZstdError("it ends in the middle of a frame")
                return 0
            self._held = self._unpacked(packed)
        view = memoryview(buffer)
        given = self._held[: len(view)]
        view[: len(given)] = given
        self._held = self._held[len(given) :]
        return len(given)

    def _unpacked(self, packed: bytes) -> bytes:
        pieces: list[bytes] = []
        while packed:
            self._begun = True
            pieces.append(self._frame.decompress(packed))
            packed = b""
            if self._frame.eof:
                packed = self._frame.unused_data
                self._frame, self._begun = self._decompressor.decompressobj(), False
        return b"".join(pieces)


class _Counted:
    """A stream that counts what is read of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.read = 0
        self.lines = 0
        self.ended = True

    def readline(self, size: int = -1, /) -> bytes:
        piece = self._stream.readline(size)
        if piece:
            self.read += len(piece)
            self.ended = piece.endswith(b"\n")
            self.lines += self.ended
        return piece


def _first_line(stream: BinaryIO) -> str:
    return hashlib.sha256(stream.readline(_FIRST)).hexdigest()


def _digest(stream: BinaryIO, place: int) -> str:
    start = max(0, place - _LAST)
    stream.seek(start)
    return hashlib.sha256(stream.read(place - start)).hexdigest()
