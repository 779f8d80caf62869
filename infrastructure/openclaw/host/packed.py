"""Opening files that may be compressed, by what they hold and not by their names."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, cast

import zstandard

from domain.errors import HeartlineError

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_MOST_WINDOW = 128 * 1024 * 1024
_READ_AT_ONCE = 64 * 1024


class Damaged(HeartlineError):
    """A compressed file can't be unpacked any further; what was read before is whole."""

    code: ClassVar[str] = "damaged-file"


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, unpacked if it is compressed with gzip or Zstandard.

    Raises:
        OSError: it can't be opened or read.
        Damaged: while reading, where it ends too early or is broken.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
            stream.seek(0)
            if start.startswith(_GZIP):
                with gzip.GzipFile(fileobj=stream) as unpacked:
                    yield cast("BinaryIO", unpacked)
            elif start == _ZSTD:
                yield io.BufferedReader(_Unpacked(stream))
            else:
                yield stream
    except (gzip.BadGzipFile, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise Damaged(f"{path} can't be unpacked any further: {error}.") from error


class _Unpacked(io.RawIOBase):
    """What a file of Zstandard frames holds. The library's own reader takes one that was cut off for a whole one."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__()
        self._packed = packed
        self._unpacker = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW)
        self._frame = self._unpacker.decompressobj()
        self._begun = False
        self._rest = b""
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            piece = self._rest or self._packed.read(_READ_AT_ONCE)
            if not piece:
                if self._begun and not self._frame.eof:
                    raise EOFError("it ends too early")
                return 0
            self._rest = b""
            if self._frame.eof:
                self._frame = self._unpacker.decompressobj()
            self._begun = True
            self._ready = self._frame.decompress(piece)
            if self._frame.eof:
                self._rest = self._frame.unused_data
        given = min(len(buffer), len(self._ready))
        buffer[:given] = self._ready[:given]
        self._ready = self._ready[given:]
        return given
