"""A ledger for several threads: a few connections that are lent out one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, LifoQueue

from psycopg.pq import TransactionStatus

from infrastructure.ledger.errors import DatabaseUnavailable
from infrastructure.ledger.ledger import Ledger

SIZE = 8
"""How many connections there are at most: appends of one partition wait for each other anyway."""

WAIT_SECONDS = 30.0
"""How long a thread waits for one of them."""


class Ledgers:
    """Connections to one ledger: opened when they are needed, kept, and thrown away when they broke."""

    def __init__(self, conninfo: str, size: int = SIZE, wait_seconds: float = WAIT_SECONDS) -> None:
        self.conninfo = conninfo
        self._size = size
        self._wait_seconds = wait_seconds
        self._closed = False
        self._free: LifoQueue[Ledger | None] = LifoQueue()
        for _ in range(size):
            self._free.put(None)

    @contextmanager
    def borrow(self) -> Iterator[Ledger]:
        """Lend a connection for as long as the block runs.

        Raises:
            DatabaseUnavailable: the database can't be reached, or every connection stayed in use.
            NotALedger: the database holds none.
        """
        try:
            kept = self._free.get(timeout=self._wait_seconds)
        except Empty:
            raise DatabaseUnavailable(
                f"All {self._size} connections to the database stayed in use for {self._wait_seconds:g} s: try again."
            ) from None
        ledger = kept
        try:
            if ledger is None:
                ledger = Ledger.open(self.conninfo)
            yield ledger
        finally:
            self._take_back(ledger)

    def close(self) -> None:
        """Close what is free now, and what is lent when it comes back."""
        self._closed = True
        free: list[Ledger | None] = []
        with suppress(Empty):
            while True:
                free.append(self._free.get_nowait())
        for ledger in free:
            self._take_back(ledger)

    def __enter__(self) -> "Ledgers":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _take_back(self, ledger: Ledger | None) -> None:
        if ledger is None:
            self._free.put(None)
            return
        usable = ledger.connection.info.transaction_status == TransactionStatus.IDLE
        if self._closed or not usable:
            ledger.close()
            self._free.put(None)
            return
        self._free.put(ledger)
