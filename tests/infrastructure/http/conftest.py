"""A real server on a real socket, over a fresh ledger, for each test that asks for one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from infrastructure.http.server import Server, bind
from infrastructure.ledger.ledger import Ledger
from infrastructure.service.service import Service


@contextmanager
def serving(database: str) -> Iterator[str]:
    """Serve the ledger of a database; give the URL."""
    service = Service(lambda: Ledger.open(database))
    listening = bind("127.0.0.1", 0)
    server = Server(service)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
        service.close()


@pytest.fixture
def url(database: str) -> Iterator[str]:
    with serving(database) as served:
        yield served


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url) as opened:
        yield opened
