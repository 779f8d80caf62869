"""Keeping the read models up to date while a service runs: one thread, with one connection, woken by hints."""

from collections.abc import Callable, Set
from contextlib import closing, suppress
from threading import Event, Thread

import psycopg

from domain.errors import HeartlineError
from infrastructure.answers.library import Library
from infrastructure.ledger.ledger import Ledger
from infrastructure.service.listening import Listening
from infrastructure.service.logs import LOGGER, warn

GATHER_SECONDS = 0.01
"""How long it waits after a batch before it folds the next: a batch costs much the same for one event as for twenty.
At 1,000 events a second three times as long would save 6 % of a core and double the lag.
"""

AWAY_SECONDS = 0.5
"""How long a database that went away is left alone."""

CLOSE_SECONDS = 1.0


class Folding:
    """Folds what is appended as soon as it hears of it, within 100 ms. A question that comes before folds by itself."""

    def __init__(self, open_ledger: Callable[[], Ledger], listening: Listening) -> None:
        self._open_ledger = open_ledger
        self._grown, self._closed = Event(), Event()
        self._library: Library | None = None
        self._unsubscribe = listening.subscribe(self._hear)
        self._thread = Thread(target=self._run, name="folding", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Fold nothing more: what was not folded is by the next who asks."""
        self._unsubscribe()
        self._closed.set()
        self._grown.set()
        library = self._library
        if library is not None:
            with suppress(psycopg.Error):  # it ended by itself meanwhile
                library.ledger.connection.cancel_safe(timeout=CLOSE_SECONDS)
        self._thread.join(CLOSE_SECONDS)

    def _hear(self, _partitions: Set[int]) -> None:
        self._grown.set()

    def _run(self) -> None:
        away = False
        while not self._closed.is_set():
            try:
                with closing(self._open_ledger()) as ledger:
                    self._library = Library(ledger)
                    away = False
                    self._follow(self._library)
            except (HeartlineError, psycopg.Error) as error:
                if not away and not self._closed.is_set():
                    warn("the read models are not kept up to date: the database is away", error=type(error).__name__)
                away = True
            except Exception as error:
                LOGGER.error("the read models could not be kept up to date", exc_info=error)
            finally:
                self._library = None
            self._closed.wait(AWAY_SECONDS)

    def _follow(self, library: Library) -> None:
        renewed = False
        while not self._closed.is_set():
            self._grown.clear()
            library.refresh()
            if not renewed:  # between batches, what another version folded
                renewed = library.renew(lambda: not self._grown.is_set())
            if not renewed:
                self._grown.set()
            self._closed.wait(GATHER_SECONDS)
            self._grown.wait()
