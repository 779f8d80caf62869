"""The live tail: readers that are sent every event as it is appended, each as it asked."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from domain.errors import HeartlineError
from infrastructure.answers.events import Wanted, place_of
from infrastructure.answers.following import start_of
from infrastructure.answers.library import Library
from infrastructure.ledger.errors import ShuttingDown
from infrastructure.ledger.ledger import Ledger
from infrastructure.service.aside import Aside
from infrastructure.service.libraries import Libraries
from infrastructure.service.listening import Listening
from infrastructure.service.meters import Meters
from infrastructure.service.reader import Reader, Start
from infrastructure.service.tail import Tail

MOST_READERS = 64
"""How many may follow at once."""

CATCHING_UP = 2
"""How many of them are read for at once, of those that are not at the end of the ledger yet."""

T = TypeVar("T")


class TooManyReaders(HeartlineError):
    """As many follow the ledger as may."""

    code = "too-many-readers"


class Live:
    """Lets readers follow the ledger. All of it is of one event loop, but `close`."""

    def __init__(
        self, open_ledger: Callable[[], Ledger], listening: Listening, meters: Meters, most: int = MOST_READERS
    ) -> None:
        self._most, self._meters = most, meters
        self._places = 0
        self._readers: set[Reader] = set()
        self._libraries = Libraries(open_ledger, CATCHING_UP)
        self._threads = ThreadPoolExecutor(CATCHING_UP, thread_name_prefix="catching-up")
        self._aside, self._listening = Aside(open_ledger), listening
        self._tail = self._new_tail()
        self.ending = False
        meters.readers.set_function(lambda: self._places)

    async def reader(
        self, wanted: Wanted, after: str | None, seconds: float, still_may: Callable[[], Awaitable[bool]]
    ) -> Reader:
        """Take a place for a reader of what is wanted, after a cursor, for so many seconds; it has to `leave`.

        Raises:
            TooManyReaders: there is none.
            BadCursor: the cursor does not belong to this ledger's history.
            UnknownStream: there is no such engine or gateway.
            DatabaseUnavailable: nothing can be read now.
            ShuttingDown: the service ends.
        """
        if self.ending:
            raise ShuttingDown("The service is stopping: follow it again in a while.")
        if self._places >= self._most:
            raise TooManyReaders(f"{self._most} readers follow the ledger, which is as many as may: try again later.")
        self._places += 1
        if self._tail.over:
            self._tail = self._new_tail()
        tail = self._tail
        try:
            await tail.begin()
            start = await self.ask(lambda library: _started(library, wanted, after))
        except BaseException:
            self._give_back()
            raise
        reader = Reader(self, tail, wanted, start, seconds, still_may)
        self._readers.add(reader)
        return reader

    async def ask(self, question: Callable[[Library], T]) -> T:
        """Ask the ledger in a thread.

        Raises:
            DatabaseUnavailable: the database can't be reached or went away.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._asked, question)

    def sent(self, events: int) -> None:
        """Count events that were sent to a reader."""
        self._meters.live.inc(events)

    def leave(self, reader: Reader) -> None:
        """Give a reader's place to others, once."""
        if reader in self._readers:
            self._readers.discard(reader)
            self._give_back()

    def end(self) -> None:
        """Let every reader end: it may come again elsewhere, or later."""
        if not self.ending:
            self.ending = True
            self._wake()

    def close(self) -> None:
        """Ask the database nothing more."""
        self._aside.close()
        self._libraries.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _asked(self, question: Callable[[Library], T]) -> T:
        with self._libraries.lend() as library:
            return question(library)

    def _give_back(self) -> None:
        self._places -= 1
        if not self._places:
            self._tail.stop()

    def _new_tail(self) -> Tail:
        return Tail(self._aside, self._listening, self._wake)

    def _wake(self) -> None:
        for reader in self._readers:
            reader.wake()


def _started(library: Library, wanted: Wanted, after: str | None) -> Start:
    return Start(start_of(library, wanted, after), place_of(library, wanted))
