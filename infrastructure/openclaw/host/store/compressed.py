"""What a host keeps compressed: one event in a row, or a whole transcript in an archive."""

import io
from typing import BinaryIO

import zstandard

from infrastructure.openclaw.lines import MAX_LINE_BYTES

MOST_DECODED = 1 << 30
"""The most that an archive may hold, in bytes; the host's own limit is far below."""

_LARGEST_WINDOW = 1 << 26
_READ_AT_ONCE = 1 << 18


class Undecodable(Exception):
    """Bytes that don't hold what they should; the text says why."""


def decompressed(data: bytes, size: int | None) -> bytes:
    """Give what one compressed event holds. `size` is what its row says, in bytes; None if it says nothing."""
    try:
        declared = zstandard.frame_content_size(data)
        most = declared if declared >= 0 else min(size or MAX_LINE_BYTES, MAX_LINE_BYTES)
        if most > MAX_LINE_BYTES:
            raise Undecodable(f"its compressed event says that it has {most} bytes, more than {MAX_LINE_BYTES}")
        decompressor = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
        return decompressor.decompress(data, max_output_size=most, allow_extra_data=False)
    except (zstandard.ZstdError, ValueError, MemoryError) as error:
        raise Undecodable(f"its compressed event can't be read: {error}") from None


class Decompressing(io.RawIOBase):
    """What a compressed stream holds. Raises Undecodable where it is broken, or is longer than MOST_DECODED."""

    def __init__(self, source: BinaryIO) -> None:
        self._reader = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).stream_reader(
            source, read_size=_READ_AT_ONCE
        )
        self._left = MOST_DECODED

    def readable(self) -> bool:  # noqa: D102  # as in io.RawIOBase
        return True

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]  # noqa: D102  # of bytes
        try:
            count = self._reader.readinto(buffer)
        except zstandard.ZstdError as error:
            raise Undecodable(f"it is not compressed as it should be: {error}") from None
        self._left -= count
        if self._left < 0:
            raise Undecodable(f"it holds more than {MOST_DECODED} bytes")
        return count
