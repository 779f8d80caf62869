"""Bodies of requests as lines or as one document, in bounded memory however they come."""

from collections.abc import AsyncIterable, AsyncIterator

from infrastructure.http.errors import TooLarge
from infrastructure.http.limits import HeldBytes
from infrastructure.openclaw.lines import Line


class Lines:
    """The lines of an NDJSON body as they arrive, as `openclaw.lines.read_lines` gives those of a file.

    A line that is longer than `limit` is reported and skipped, never held. What is held until its line is whole counts
    as `held`.
    """

    def __init__(self, chunks: AsyncIterable[bytes], limit: int, held: HeldBytes) -> None:
        self._chunks, self._limit, self._held = chunks, limit, held
        self._pieces: list[bytes] = []
        self._size = 0
        self._number = 0
        self._skipping = False

    async def __aiter__(self) -> AsyncIterator[Line]:
        """Give each line that isn't blank.

        Raises:
            TooMuchHeld: all requests together hold too much.
        """
        try:
            async for chunk in self._chunks:
                *whole, rest = chunk.split(b"\n")
                for piece in whole:
                    self._keep(piece)
                    line = self._end()
                    if line is not None:
                        yield line
                self._keep(rest)
            last = self._end()
            if last is not None:
                yield last
        finally:
            self._let_go()

    def _keep(self, piece: bytes) -> None:
        if self._skipping or not piece:
            return
        if self._size + len(piece) > self._limit + 1:  # the "\r" of a line's end is not counted
            self._let_go()
            self._skipping = True
            return
        self._held.take(len(piece))
        self._size += len(piece)
        self._pieces.append(piece)

    def _end(self) -> Line | None:
        self._number += 1
        if self._skipping:
            self._skipping = False
            return Line(self._number, None, f"longer than {self._limit} bytes")
        content = b"".join(self._pieces).removesuffix(b"\r")
        self._let_go()
        if len(content) > self._limit:
            return Line(self._number, None, f"longer than {self._limit} bytes")
        if self._number == 1:
            content = content.removeprefix(b"\xef\xbb\xbf")
        return Line(self._number, content) if content and not content.isspace() else None

    def _let_go(self) -> None:
        self._held.give_back(self._size)
        self._pieces, self._size = [], 0


async def document(chunks: AsyncIterable[bytes], limit: int, held: HeldBytes) -> bytes:
    """Read a body that is one document.

    Raises:
        TooLarge: it is longer than `limit` bytes.
        TooMuchHeld: all requests together hold too much.
    """
    pieces: list[bytes] = []
    size = 0
    try:
        async for chunk in chunks:
            if size + len(chunk) > limit:
                raise TooLarge(f"The body is longer than {limit} bytes: send less at once, or NDJSON.")
            held.take(len(chunk))
            size += len(chunk)
            pieces.append(chunk)
        return b"".join(pieces)
    finally:
        held.give_back(size)
