"""Libraries for several threads: a few, each with a connection of its own, lent out one at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, LifoQueue

import psycopg
from psycopg.pq import TransactionStatus

from infrastructure.answers.library import Library
from infrastructure.ledger.errors import DatabaseUnavailable
from infrastructure.ledger.ledger import Ledger

SIZE = 4
"""How many questions are answered at once, at most: more only make each other slower."""

WAIT_SECONDS = 10.0
"""How long a question waits for its turn."""


class Libraries:
    """Opened when they are needed, kept, and thrown away when their connection broke."""

    def __init__(self, open_ledger: Callable[[], Ledger], size: int = SIZE, wait_seconds: float = WAIT_SECONDS) -> None:
        self._open_ledger = open_ledger
        self._size = size
        self._wait_seconds = wait_seconds
        self._closed = False
        self._lent: set[Library] = set()
        self._free: LifoQueue[Library | None] = LifoQueue()
        for _ in range(size):
            self._free.put(None)

    @contextmanager
    def lend(self) -> Iterator[Library]:
        """Lend one for as long as the block runs.

        Raises:
            DatabaseUnavailable: the database can't be reached, or all stayed in use.
        """
        try:
            library = self._free.get(timeout=self._wait_seconds)
        except Empty:
            raise DatabaseUnavailable(
                f"{self._size} questions are being answered and none ended in {self._wait_seconds:g} s: try again."
            ) from None
        try:
            if library is None:
                library = Library(self._open_ledger())
            self._lent.add(library)
            yield library
        finally:
            if library is not None:
                self._lent.discard(library)
            self._take_back(library)

    def close(self) -> None:
        """Close what is free now, and what is lent when it comes back: which is soon, for what it asks is cancelled."""
        self._closed = True
        for lent in tuple(self._lent):
            with suppress(psycopg.Error):  # it ended by itself meanwhile
                lent.ledger.connection.cancel_safe(timeout=1)
        free: list[Library | None] = []
        with suppress(Empty):
            while True:
                free.append(self._free.get_nowait())
        for library in free:
            self._take_back(library)

    def _take_back(self, library: Library | None) -> None:
        if library is not None:
            connection = library.ledger.connection
            if self._closed or connection.info.transaction_status != TransactionStatus.IDLE:
                with suppress(psycopg.Error):  # it is broken, or has a question half read: nothing more is asked of it
                    connection.close()
                library = None
        self._free.put(library)
