"""Questions that read a whole ledger: few at once, so that short ones find a connection free meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from domain.errors import HeartlineError

AT_ONCE = 2
"""Half of the libraries that there are (`libraries.SIZE`)."""

WAIT_SECONDS = 10.0


class TooBusy(HeartlineError):
    """Others ask as much, and none of them came to an end."""

    code = "too-busy"


class LongQuestions:
    """Lets long questions in, a few at a time."""

    def __init__(self, at_once: int = AT_ONCE, wait_seconds: float = WAIT_SECONDS) -> None:
        self._at_once = at_once
        self._wait_seconds = wait_seconds
        self._free = BoundedSemaphore(at_once)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Take a turn for as long as the block runs.

        Raises:
            TooBusy: none came free.
        """
        if not self._free.acquire(timeout=self._wait_seconds):
            raise TooBusy(
                f"{self._at_once} audits or verifications are running and none ended in {self._wait_seconds:g} s: "
                "try again."
            )
        try:
            yield
        finally:
            self._free.release()
