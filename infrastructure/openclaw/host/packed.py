"""Opening files that may be compressed, by what they hold and not by their names."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, ClassVar, cast

import zstandard

from domain.errors import HeartlineError

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_MOST_WINDOW = 128 * 1024 * 1024


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
                reader = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW).stream_reader(
                    stream, read_across_frames=True
                )
                yield cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", reader)))
            else:
                yield stream
    except (gzip.BadGzipFile, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise Damaged(f"{path} can't be unpacked any further: {error}.") from error
