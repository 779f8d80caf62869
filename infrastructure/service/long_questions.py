"""Questions that read a whole ledger: few at once, so that short ones find a connection free meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.errors import HeartlineError

AT_ONCE = 2
"""Half of the libraries that there are (`libraries.SIZE`)."""

WAIT_SECONDS = 10.0


class TooBusy(HeartlineError):
    """Others ask as much, and none of them came to an end."""

    code = "too-busy"


class LongQuestions:
    """Lets long questions in, a few at a time. Who waits holds no thread."""

    def __init__(self, at_once: int = AT_ONCE, wait_seconds: float = WAIT_SECONDS) -> None:
        self._at_once = at_once
        self._wait_seconds = wait_seconds
        self._free = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Take a turn for as long as the block runs.

        Raises:
            TooBusy: none came free.
        """
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise TooBusy(
                f"{self._at_once} audits or verifications are running and none ended in {self._wait_seconds:g} s: "
                "try again."
            ) from None
        try:
            yield
        finally:
            self._free.release()
