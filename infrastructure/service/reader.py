"""One reader of the live tail: where it stands, and what it is sent next."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Protocol, TypeVar

import psycopg
from msgspec import Struct

from domain.errors import HeartlineError
from infrastructure.answers.cursor import Cursor
from infrastructure.answers.errors import BadCursor
from infrastructure.answers.events import Wanted
from infrastructure.answers.following import is_followed, page_from
from infrastructure.answers.library import Library, Place
from infrastructure.answers.writing import written
from infrastructure.service.messages import STILL_HERE, elsewhere, message, opening, position
from infrastructure.service.tail import AGAIN_SECONDS, Batch, Tail

PAGE_BYTES = 256 * 1024
"""How much is read for a reader at once, about: it is held until the reader takes it."""

BEAT_SECONDS = 15.0
"""After how long without an event a reader is told that the connection holds, and is asked whether it still may."""

PASSED = 1_000
"""After how many events that were not for it a reader is told how far it has come."""

T = TypeVar("T")


class Host(Protocol):
    """What lets readers in."""

    ending: bool

    async def ask(self, question: Callable[[Library], T]) -> T:
        """Ask the ledger in a thread."""
        ...

    def sent(self, events: int) -> None:
        """Count events that were sent to a reader."""
        ...

    def leave(self, reader: "Reader") -> None:
        """Give a reader's place to others, once."""
        ...


class Start(Struct, frozen=True):
    """Where a reader begins, and where the engine lies that it follows, if it is one."""

    cursor: Cursor
    place: Place | None


class _Page(Struct, frozen=True):
    """What was read for a reader that is not at the end of the ledger."""

    messages: bytes
    events: int
    cursor: Cursor
    passed: int


class Reader:
    """One reader of the ledger."""

    def __init__(
        self,
        host: Host,
        tail: Tail,
        wanted: Wanted,
        start: Start,
        seconds: float,
        still_may: Callable[[], Awaitable[bool]],
    ) -> None:
        self._host, self._tail = host, tail
        self._wanted, self._place = wanted, start.place
        self._follows_all = start.place is None and wanted == Wanted()
        self._cursor = start.cursor
        self._number: int | None = None
        self._passed = 0  # events that were not for it since it was told how far it has come
        self._still_may = still_may
        self._until = monotonic() + seconds
        self._sent_at = self._asked_at = monotonic()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Have it look whether there is something for it."""
        self._woken.set()

    def leave(self) -> None:
        """Give the place to others."""
        self._host.leave(self)

    async def messages(self) -> AsyncIterator[bytes]:
        """Give what to send, in pieces: the next is made when the one before was taken."""
        yield opening(self._cursor.text())
        while not self._over() and await self._may():
            piece = await self._next()
            if piece:
                yield piece
                self._sent_at = monotonic()

    def _over(self) -> bool:
        return self._host.ending or self._tail.over or monotonic() >= self._until

    async def _may(self) -> bool:
        """Ask now and then whether it still may read: its token may have been revoked."""
        if monotonic() - self._asked_at < BEAT_SECONDS:
            return True
        self._asked_at = monotonic()
        return await self._still_may()

    async def _next(self) -> bytes:
        """Give what there is to send, or nothing if it was looked at in vain."""
        self._woken.clear()
        self._number = self._tail.number_for(self._cursor, self._number)
        if self._number is None:
            return await self._from_ledger()
        batch = self._tail.batch(self._number)
        if batch is None:
            return await self._pause(BEAT_SECONDS)
        self._number += 1
        return self._from_batch(batch)

    async def _from_ledger(self) -> bytes:
        try:
            page = await self._host.ask(partial(_page, self._wanted, self._place, self._cursor))
        except BadCursor:
            self._until = 0.0  # the ledger has another history now: it is told so when it comes again
            return b""
        except (HeartlineError, psycopg.Error):
            return await self._pause(AGAIN_SECONDS)
        self._host.sent(page.events)
        self._cursor = page.cursor
        if page.events:
            self._passed = 0
        self._passed += page.passed
        return page.messages or self._position(PASSED)

    def _from_batch(self, batch: Batch) -> bytes:
        if self._cursor is not batch.before:
            return self._from_first_batch(batch)
        self._cursor = batch.after
        if self._follows_all:
            self._host.sent(len(batch.events))
            return batch.messages
        found: list[bytes] = []
        for one in batch.events:
            self._passed += 1
            if is_followed(one.row, self._wanted, self._place):
                found.append(one.message)
                self._passed = 0
        self._host.sent(len(found))
        return b"".join(found) or self._position(PASSED)

    def _from_first_batch(self, batch: Batch) -> bytes:
        """Give of a batch what was not read from the ledger; its messages get this reader's own cursors."""
        cursor = self._cursor.copy()
        found: list[bytes] = []
        for one in batch.events:
            row = one.row
            if row.position <= cursor.positions[row.partition]:
                continue
            cursor.passed(row.partition, row.position, row.leaf)
            self._passed += 1
            if is_followed(row, self._wanted, self._place):
                found.append(elsewhere(one.message, one.cursor, cursor.text()))
                self._passed = 0
        self._cursor = batch.after if batch.after.reaches(cursor) else cursor
        self._host.sent(len(found))
        return b"".join(found)

    async def _pause(self, seconds: float) -> bytes:
        """Wait for something to happen, or until the connection needs a sign of life, which is given."""
        left = self._sent_at + BEAT_SECONDS - monotonic()
        until_over = self._until - monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(seconds, left, until_over))):
                await self._woken.wait()
        if monotonic() < self._sent_at + BEAT_SECONDS:
            return b""
        return self._position(1) or STILL_HERE

    def _position(self, least: int) -> bytes:
        """Tell how far it has come, if it passed so many events since it was told."""
        if self._passed < least:
            return b""
        self._passed = 0
        return position(self._cursor.text())


def _page(wanted: Wanted, place: Place | None, before: Cursor, library: Library) -> _Page:
    """Read on from a cursor, whose history is looked at first."""
    Cursor.read(library.ledger, before.text())
    cursor = before.copy()
    events, _more = page_from(library, wanted, place, cursor, PAGE_BYTES)
    messages = [message(one.type, one.cursor, written(one)) for one in events]
    passed = sum(cursor.positions) - sum(before.positions) - len(events)
    if events and events[-1].cursor != (end := cursor.text()):
        messages.append(position(end))
        passed = 0
    return _Page(b"".join(messages), len(events), cursor, 0 if events else passed)
