"""A backup over HTTP: written as it is read, by a thread that never is far ahead of whoever takes it."""

import asyncio
from collections.abc import AsyncIterator
from queue import Full, Queue
from typing import Final

from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.response import Stream

from infrastructure.backup.writing import write_backup
from infrastructure.http.told import problems
from infrastructure.service.logs import warn
from infrastructure.service.service import Service

MEDIA_TYPE: Final = "application/octet-stream"

AHEAD = 8
"""How many pieces are written before the first is taken, at most. (A piece is a frame, of 1 MB or one content.)"""

STALL_SECONDS = 60.0
"""How long whoever takes it may pause: meanwhile a connection, and a moment of the database, are held."""


class _Pipe:
    """Between the thread that writes and the event loop that sends."""

    def __init__(self) -> None:
        self._pieces: Queue[bytes | BaseException | None] = Queue(AHEAD)

    def write(self, data: memoryview) -> int:
        """Take a piece in, and wait where too many are."""
        try:
            self._pieces.put(bytes(data), timeout=STALL_SECONDS)
        except Full:
            raise BrokenPipeError("nobody takes the backup") from None
        return len(data)

    def end(self, error: BaseException | None) -> None:
        """Say that nothing more comes, and why, if that is no good end."""
        try:
            self._pieces.put(error, timeout=STALL_SECONDS)
        except Full:
            return  # nobody waits for it

    def read(self) -> bytes | None:
        """Give the next piece; None at the end.

        Raises:
            BaseException: why there is no good end.
        """
        piece = self._pieces.get()
        if isinstance(piece, BaseException):
            raise piece
        return piece


def _write(service: Service, pipe: _Pipe) -> None:
    error: BaseException | None = None
    try:
        with service.libraries.lend() as library:
            write_backup(library.ledger, pipe, "-", lambda *_progress: None)
    except BaseException as failed:
        error = failed
        warn("a backup broke off", error=type(failed).__name__, code=getattr(failed, "code", None))
    pipe.end(error)


@get(
    "/backup",
    summary="The whole ledger in one file, verified while it is read.",
    tags=["operation"],
    media_type=MEDIA_TYPE,
    responses=problems(),
)
async def backup(service: NamedDependency[Service]) -> Stream:
    """As of one moment; others go on recording. What breaks off lacks its end, and can't be restored."""

    async def pieces() -> AsyncIterator[bytes]:
        async with service.long_questions.turn():
            pipe = _Pipe()
            writing = asyncio.get_running_loop().run_in_executor(None, _write, service, pipe)
            while (piece := await asyncio.to_thread(pipe.read)) is not None:
                yield piece
            await writing

    return Stream(pieces(), media_type=MEDIA_TYPE)


ROUTES: list[BaseRouteHandler] = [backup]
