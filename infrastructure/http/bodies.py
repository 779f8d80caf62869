"""Bodies of requests as lines or as one document, in bounded memory however they come."""

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager

from infrastructure.http.errors import TooLarge
from infrastructure.http.limits import HeldBytes
from infrastructure.openclaw.lines import Line

_BLANK = b" \t\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NOT_COUNTED = len(_BYTE_ORDER_MARK + b"\r")


class Lines:
    """The lines of an NDJSON body as they arrive, as `openclaw.lines.read_lines` gives those of a file.

    A line that is longer than `limit` is reported and skipped, never held. What comes in several pieces counts as
    `held` from its first piece until the next line is asked for: by then somebody else answers for it.
    """

    def __init__(self, chunks: AsyncIterable[bytes], limit: int, held: HeldBytes) -> None:
        self._chunks, self._limit, self._held = chunks, limit, held
        self._begun = bytearray()  # not a list of its pieces: those of one byte would take forty times as much
        self._taken = 0
        self._number = 0
        self._skipping = False

    async def __aiter__(self) -> AsyncIterator[Line]:
        """Give each line that isn't blank.

        Raises:
            TooMuchHeld: all requests together hold too much.
        """
        try:
            async for chunk in self._chunks:
                if not self._begun and not self._skipping and not chunk.strip(_BLANK):
                    self._number += chunk.count(b"\n")  # one by one, a body of nothing else would keep others waiting
                    self._keep(chunk.rpartition(b"\n")[2])
                    continue
                *whole, rest = chunk.split(b"\n")
                for piece in whole:
                    line = self._ended(piece)
                    if line is not None:
                        yield line
                    self._let_go()
                self._keep(rest)
            last = self._ended(b"")
            if last is not None:
                yield last
        finally:
            self._let_go()

    def _keep(self, piece: bytes) -> None:
        if self._skipping or not piece:
            return
        if self._taken + len(piece) > self._limit + _NOT_COUNTED:
            self._let_go()
            self._skipping = True
            return
        self._held.take(len(piece))
        self._taken += len(piece)
        self._begun += piece

    def _ended(self, piece: bytes) -> Line | None:
        """Give the line that ends with this piece."""
        self._number += 1
        if self._begun or self._skipping:
            self._keep(piece)
            piece, self._begun = bytes(self._begun), bytearray()
        if self._skipping:
            self._skipping = False
            return Line(self._number, None, f"longer than {self._limit} bytes")
        content = piece.removesuffix(b"\r")
        if self._number == 1:
            content = content.removeprefix(_BYTE_ORDER_MARK)
        if len(content) > self._limit:
            return Line(self._number, None, f"longer than {self._limit} bytes")
        return Line(self._number, content) if content and not content.isspace() else None

    def _let_go(self) -> None:
        if self._taken:
            self._held.give_back(self._taken)
            self._begun, self._taken = bytearray(), 0


@asynccontextmanager
async def document(chunks: AsyncIterable[bytes], limit: int, held: HeldBytes) -> AsyncIterator[bytes]:
    """Read a body that is one document, and hold it for as long as the block runs.

    Raises:
        TooLarge: it is longer than `limit` bytes.
        TooMuchHeld: all requests together hold too much.
    """
    body = bytearray()
    taken = 0
    try:
        async for chunk in chunks:
            if taken + len(chunk) > limit:
                raise TooLarge(f"The body is longer than {limit} bytes: send less at once, or NDJSON.")
            held.take(len(chunk))
            taken += len(chunk)
            body += chunk
        whole, body = bytes(body), bytearray()
        yield whole
    finally:
        held.give_back(taken)
