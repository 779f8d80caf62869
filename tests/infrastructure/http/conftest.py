"""A real server on a real socket, over a fresh ledger, for each test that asks for one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from infrastructure.http.app import Doors
from infrastructure.http.serving import serving
from infrastructure.ledger.ledger import Ledger


@contextmanager
def served(database: str, doors: Doors | None = None) -> Iterator[str]:
    """Serve the ledger of a database; give the URL."""
    with served_by(lambda: Ledger.open(database), doors) as url:
        yield url


@contextmanager
def served_by(open_ledger: Callable[[], Ledger], doors: Doors | None = None) -> Iterator[str]:
    """Serve a ledger that is opened like this; give the URL."""
    with serving(open_ledger, doors or Doors(), 0) as server:
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield server.url
        finally:
            server.stop()
            thread.join()


@pytest.fixture
def url(database: str) -> Iterator[str]:
    with served(database) as its_url:
        yield its_url


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url) as opened:
        yield opened
