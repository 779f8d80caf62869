"""The end of the ledger, as all who follow it share it: read and written once, and kept for a moment.

Who falls behind what is kept reads from the ledger, page by page, until it has caught up: so a slow reader costs nobody
memory.
"""

import asyncio
from asyncio import AbstractEventLoop, Event, Task
from collections import deque
from collections.abc import Callable, Set
from contextlib import suppress
from typing import TypeVar

import psycopg
from msgspec import Struct

from domain.errors import HeartlineError
from infrastructure.answers.cursor import Cursor
from infrastructure.answers.errors import BadCursor
from infrastructure.answers.events import event_answer
from infrastructure.answers.library import Library
from infrastructure.answers.writing import written
from infrastructure.ledger.evidence import Row
from infrastructure.service.aside import Aside
from infrastructure.service.listening import Listening
from infrastructure.service.logs import LOGGER, warn
from infrastructure.service.messages import message

AT_ONCE = 64
"""How many events of a partition are read at once."""

KEPT_BATCHES = 128
KEPT_BYTES = 8 * 1024 * 1024
"""How much is kept for those who are about to take it."""

AGAIN_SECONDS = 0.5
"""After how long a database that is away is asked again."""


T = TypeVar("T")


class Happened(Struct, frozen=True):
    """An event, and how it is told to whoever has read everything before."""

    row: Row
    cursor: str
    message: bytes


class Batch(Struct, frozen=True):
    """Events that were read together; cursors before and behind them, and all their messages."""

    before: Cursor
    after: Cursor
    events: list[Happened]
    messages: bytes
    size: int


class Tail:
    """Reads what is appended as long as anybody follows it, in the thread of `aside`. All of it is of one event loop.

    Batches have numbers without gaps. `wake` is called when there is something new, or nothing more will come: then
    it is `over`, and another one has to be made.
    """

    def __init__(self, aside: Aside, listening: Listening, wake: Callable[[], None]) -> None:
        self._aside, self._listening, self._wake = aside, listening, wake
        self._batches: deque[Batch] = deque()
        self._first = self._size = 0
        self._grown: set[int] = set()
        self._told = Event()
        self._beginning = asyncio.Lock()
        self._task: Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._cursor: Cursor | None = None
        self.over = False

    async def begin(self) -> None:
        """Follow the end of the ledger from now on, if it is not followed yet.

        Raises:
            DatabaseUnavailable: it can't be read.
        """
        async with self._beginning:
            if self._task is not None:
                return
            loop = asyncio.get_running_loop()
            hear = self._hearing(loop)
            unsubscribe = self._listening.subscribe(hear)
            try:
                cursor = await self._ask(lambda library: Cursor.end(library.ledger))
            except BaseException:
                unsubscribe()
                raise
            self._cursor, self._unsubscribe = cursor, unsubscribe
            self._task = loop.create_task(self._follow(cursor))

    def stop(self) -> None:
        """Follow it no longer: nobody does."""
        if self._task is None or self._unsubscribe is None:
            return
        self._unsubscribe()
        self._task.cancel()
        self._task = self._unsubscribe = self._cursor = None
        self._first += len(self._batches)
        self._batches.clear()
        self._size = 0

    def number_for(self, cursor: Cursor, number: int | None) -> int | None:
        """Say which batch comes next for a reader that stands here; None where it has to read from the ledger.

        `number` is the batch that it would take next, None where it took none. Of what it takes first it may have read
        something before.
        """
        if number is not None and number >= self._first:
            return number
        if self._cursor is None:
            return None
        end = self._first + len(self._batches)
        if cursor.reaches(self._cursor):
            return end
        kept = zip(range(end - 1, self._first - 1, -1), reversed(self._batches), strict=True)
        return next((one for one, batch in kept if cursor.reaches(batch.before)), None)

    def batch(self, number: int) -> Batch | None:
        """Give a batch by its number; None where it is still to come."""
        place = number - self._first
        return self._batches[place] if place < len(self._batches) else None

    async def _ask(self, question: Callable[[Library], T]) -> T:
        return await self._aside.run(lambda: self._aside.ask(question))

    def _hearing(self, loop: AbstractEventLoop) -> Callable[[Set[int]], None]:
        def hear(partitions: Set[int]) -> None:
            with suppress(RuntimeError):  # the loop has ended: nobody follows any more
                loop.call_soon_threadsafe(self._hear, partitions)

        return hear

    def _hear(self, partitions: Set[int]) -> None:
        self._grown |= partitions
        self._told.set()

    async def _follow(self, cursor: Cursor) -> None:
        doubted = False
        while True:
            await self._told.wait()
            self._told.clear()
            grown, self._grown = self._grown, set()
            try:
                batch, unread = await self._ask(_reading(cursor, grown, doubted=doubted))
            except BadCursor as error:
                warn("the ledger has another history now: who follows it has to begin anew", reason=str(error))
                break
            except (HeartlineError, psycopg.Error):  # which the listening thread tells of
                doubted = True
                self._hear(grown)
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            except Exception as error:
                LOGGER.error("the end of the ledger can't be read", exc_info=error)
                break
            doubted = False
            if unread:
                self._hear(unread)
            if batch is not None:
                cursor = self._cursor = batch.after
                self._keep(batch)
                self._wake()
        self.over = True
        if self._unsubscribe is not None:
            self._unsubscribe()
        self._wake()

    def _keep(self, batch: Batch) -> None:
        self._batches.append(batch)
        self._size += batch.size
        while len(self._batches) > 1 and (len(self._batches) > KEPT_BATCHES or self._size > KEPT_BYTES):
            self._size -= self._batches.popleft().size
            self._first += 1


def _reading(
    cursor: Cursor, partitions: Set[int], *, doubted: bool
) -> Callable[[Library], tuple[Batch | None, set[int]]]:
    """Make the question for what comes next in some partitions, and in which of them there is more.

    Where it is `doubted` that the ledger has still the same history, that is looked at.
    """

    def read(library: Library) -> tuple[Batch | None, set[int]]:
        if doubted:
            Cursor.read(library.ledger, cursor.text())
        rows = library.ledger.grown([(one, cursor.positions[one]) for one in partitions], AT_ONCE)
        if not rows:
            return None, set()
        after = cursor.copy()
        events: list[Happened] = []
        for row in rows:
            after.passed(row.partition, row.position, row.leaf)
            text = after.text()
            events.append(Happened(row, text, message(row.type, text, written(event_answer(row, text)))))
        unread = {one for one in partitions if after.positions[one] - cursor.positions[one] >= AT_ONCE}
        messages = b"".join(one.message for one in events)
        size = 2 * len(messages) + sum(len(one.row.payload) for one in events)
        return Batch(cursor, after, events, messages, size), unread

    return read
