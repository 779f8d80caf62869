"""Hearing that the ledger grew, for everybody in the process: one thread, with one connection."""

import socket
from collections.abc import Callable, Set
from contextlib import closing, suppress
from functools import partial
from selectors import EVENT_READ, DefaultSelector
from threading import Lock, Thread
from time import monotonic

import psycopg

from domain.errors import HeartlineError
from infrastructure.ledger.hints import Listener
from infrastructure.ledger.ledger import Ledger
from infrastructure.service.logs import LOGGER, warn

POLL_SECONDS = 1.0
"""How often it looks by itself: a hint may be lost, and some writers give none."""

AWAY_SECONDS = 0.5
"""How long a database that went away is left alone."""

CLOSE_SECONDS = 1.0

Grown = Callable[[Set[int]], object]
"""Is told which partitions grew, perhaps, in the listening thread, which waits for it: it must be quick."""


class Listening:
    """Listens for hints, and looks besides, as long as anybody wants to know. Threads may use it at once.

    After the database was away, and at first, everybody is told of all partitions.
    """

    def __init__(self, open_ledger: Callable[[], Ledger]) -> None:
        self._open_ledger = open_ledger
        self._lock = Lock()
        self._subscribers: tuple[Grown, ...] = ()
        self._thread: Thread | None = None
        self._closed = False
        self._wake, self._waked = socket.socketpair()

    def subscribe(self, grown: Grown) -> Callable[[], None]:
        """Have someone told from now on; give what ends that. Whoever subscribes looks once by itself thereafter."""
        with self._lock:
            self._subscribers = (*self._subscribers, grown)
            if self._thread is None and not self._closed:
                self._thread = Thread(target=self._run, name="listening", daemon=True)
                self._thread.start()
        return partial(self._unsubscribe, grown)

    def close(self) -> None:
        """Tell nobody any more, and disconnect."""
        with self._lock:
            self._closed, self._subscribers = True, ()
            thread = self._thread
        self._wake.close()  # which the thread notices
        if thread is not None:
            thread.join(CLOSE_SECONDS)
        if thread is None or not thread.is_alive():
            self._waked.close()

    def _unsubscribe(self, grown: Grown) -> None:
        with self._lock, suppress(ValueError):  # it was closed
            left = list(self._subscribers)
            left.remove(grown)
            self._subscribers = tuple(left)

    def _run(self) -> None:
        away = False
        while not self._closed:
            try:
                with closing(self._open_ledger()) as ledger, DefaultSelector() as selector:
                    selector.register(self._waked, EVENT_READ)
                    listener = Listener(ledger.connection, range(ledger.partitions))
                    selector.register(listener, EVENT_READ)
                    away = False
                    self._listen(ledger, listener, selector)
            except (HeartlineError, psycopg.Error) as error:
                if not away and not self._closed:
                    warn("nobody hears of what is appended: the database is away", error=type(error).__name__)
                away = True
                self._pause()

    def _listen(self, ledger: Ledger, listener: Listener, selector: DefaultSelector) -> None:
        positions = _positions(ledger)
        self._tell(positions.keys())
        look_at = monotonic() + POLL_SECONDS
        while not self._closed:
            if heard := listener.wait(0):
                self._tell(heard)
            left = look_at - monotonic()
            if left > 0:
                selector.select(left)
                continue
            before, positions = positions, _positions(ledger)
            if grown := {one for one, position in positions.items() if position != before.get(one)}:
                self._tell(grown)
            look_at = monotonic() + POLL_SECONDS

    def _tell(self, partitions: Set[int]) -> None:
        for grown in self._subscribers:
            try:
                grown(partitions)
            except Exception as error:
                LOGGER.error("who was told that the ledger grew failed at it", exc_info=error)

    def _pause(self) -> None:
        with DefaultSelector() as selector:
            selector.register(self._waked, EVENT_READ)
            selector.select(AWAY_SECONDS)


def _positions(ledger: Ledger) -> dict[int, int]:
    return {head.partition: head.position for head in ledger.heads()}
