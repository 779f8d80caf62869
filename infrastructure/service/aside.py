"""The service's own questions: whose a token is, whether the database answers. Asked beside those of clients, through a
connection and a thread of their own, so that no number of clients' questions keeps them waiting.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from infrastructure.answers.library import Library
from infrastructure.ledger.ledger import Ledger
from infrastructure.service.libraries import Libraries

T = TypeVar("T")


class Aside:
    """One library and one thread."""

    def __init__(self, open_ledger: Callable[[], Ledger]) -> None:
        self._libraries = Libraries(open_ledger, size=1)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="aside")

    def ask(self, question: Callable[[Library], T]) -> T:
        """Ask in this thread.

        Raises:
            DatabaseUnavailable: the database can't be reached or went away.
        """
        with self._libraries.lend() as library:
            return question(library)

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do in the thread what asks, and wait for it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def close(self) -> None:
        """Ask nothing more."""
        self._libraries.close()
        self._thread.shutdown(wait=False, cancel_futures=True)


class Shared(Generic[T]):
    """One question of many: whoever asks while it is being answered gets the same answer, or the same error."""

    def __init__(self, ask: Callable[..., Awaitable[T]]) -> None:
        self._ask = ask
        self._asked: asyncio.Future[T] | None = None

    async def __call__(self, *arguments: Any) -> T:
        """Give the answer that is under way, or else ask, with these arguments."""
        if self._asked is None:
            self._asked = asyncio.ensure_future(self._ask(*arguments))
            self._asked.add_done_callback(self._answered)
        return await asyncio.shield(self._asked)

    def _answered(self, asked: "asyncio.Future[T]") -> None:
        self._asked = None
        if not asked.cancelled():
            asked.exception()  # whoever asked may have left meanwhile
