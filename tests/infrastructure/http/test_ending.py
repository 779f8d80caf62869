"""The service as a process of its own: how it ends, whatever it is doing then."""

import shutil
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from time import monotonic

import httpx
import psycopg
import pytest

from infrastructure.embedded.processes import processes_in
from infrastructure.ledger.ledger import Ledger, delivery_key
from infrastructure.ledger.verify import verify
from tests.crash.ledgers import ledger_of
from tests.crash.processes import Ended, Program
from tests.infrastructure.embedded.support import data_of, open_folder, server_pid, until
from tests.infrastructure.http.live import following, readers
from tests.infrastructure.http.test_database_away import line, post
from tests.infrastructure.http.test_protocol import connected

AT_MOST = 12.0
"""Seconds. It must be over after ten; the rest is for a machine on which much else runs."""


class Service(Program):
    """`heartline serve`, and clients of it."""

    def __init__(self, home: Path, **environment: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        arguments = ("serve", "--port", str(self.port), "--log-level", "warning")
        super().__init__(home, "infrastructure.cli.main", *arguments, **environment)

    @property
    def listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def tell(self, number: int) -> float:
        """Send it a signal; give when."""
        self.process.send_signal(number)
        return monotonic()

    def ended_in_time(self, told: float) -> Ended:
        ended = self.ended()
        assert monotonic() - told < AT_MOST
        return ended

    def record(self, name: str) -> list[str]:
        """Record one line after the other until nobody listens; give the ids of those that were acknowledged."""
        acknowledged: list[str] = []
        try:
            with httpx.Client(base_url=self.url) as client:
                while True:
                    delivery = f"{name}-{len(acknowledged)}"
                    answer = post(client, line(delivery))
                    if answer.status_code == 503:
                        return acknowledged
                    assert answer.json()["lines"][0]["outcome"] == "recorded"
                    acknowledged.append(delivery)
        except httpx.TransportError:
            return acknowledged


def started(home: Path, **environment: str) -> Service:
    service = Service(home, **environment)
    until(lambda: service.over or service.listens, "it listens", 60)
    assert not service.over, service.ended()
    return service


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


@pytest.fixture
def service(database: str, folder: Path) -> Iterator[Service]:
    with started(folder, HEARTLINE_DATABASE_URL=database) as running:
        yield running


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A home whose ledger is made: to copy it is faster."""
    with open_folder() as folder:
        with ledger_of(folder / "home"):
            pass
        yield folder / "home"


@pytest.fixture
def embedding(folder: Path, made: Path) -> Iterator[Service]:
    """A service that started a Postgres of its own in `home`."""
    shutil.copytree(made, folder / "home")
    with started(folder / "home") as running:
        yield running


def slow_upload(service: Service) -> socket.socket:
    """Begin an upload that never ends, of which one line is there."""
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=60)
    head = (
        f"POST /v1/observations?gateway=home HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\nContent-Length: 9999\r\n\r\n"
    )
    connection.sendall(head.encode() + line("slow") + b"\n")
    return connection


@contextmanager
def holding_tokens(ledger: Ledger) -> Iterator[None]:
    with psycopg.connect(ledger.connection.info.dsn) as other:
        other.execute("lock table heartline.tokens")
        yield


def everything(connection: socket.socket) -> bytes:
    received = b""
    while more := connection.recv(65536):
        received += more
    return received


def test_told_to_end_it_writes_what_it_acknowledged_and_refuses_the_rest(service: Service, ledger: Ledger) -> None:
    """Under load, while an upload is slow, and while a question waits for a lock of somebody else's."""
    with ThreadPoolExecutor(5) as threads, slow_upload(service) as slow, holding_tokens(ledger):
        question = threads.submit(_status, f"{service.url}/v1/tokens")
        until(lambda: _somebody_waits(ledger), "the question waits")
        load = [threads.submit(service.record, f"client {number}") for number in range(4)]
        until(lambda: (ledger.version("home", "agent:steady:main") or 0) > 50, "there is some load")
        told = service.tell(signal.SIGTERM)
        until(lambda: not service.listens, "new connections are refused")
        assert not service.over
        service.tell(signal.SIGTERM)
        answer = everything(slow)
        ended = service.ended_in_time(told)
        acknowledged = [one for client in load for one in client.result()]
        assert question.result() != 200
    assert ended.code == 0, ended
    assert "raceback" not in ended.complained
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: " in answer
    assert b'"code":"shutting-down"' in answer
    kept = {one.delivery for one in ledger.deliveries_anywhere(delivery_key("home", one) for one in acknowledged)}
    assert len(kept) == len(acknowledged) > 0
    assert verify(ledger).ok


def test_told_to_end_it_ends_the_live_streams_whether_they_are_read_or_not(service: Service) -> None:
    with ExitStack() as opened:
        client = opened.enter_context(httpx.Client(base_url=service.url, timeout=60))
        for number in range(20):
            assert post(client, line(f"{number}", "agent:" + "k" * 100_000)).status_code == 200
        streams = [opened.enter_context(following(service.url)) for _ in range(8)]
        silent = [opened.enter_context(connected(service.url)) for _ in range(2)]
        for connection in silent:
            connection.sendall(b"GET /v1/live?since=2020-01-01 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        until(lambda: readers(client) == 10, "all follow")
        told = service.tell(signal.SIGTERM)
        assert [list(stream) for stream in streams] == [[]] * 8
        assert monotonic() - told < 3
        ended = service.ended_in_time(told)
    assert ended.code == 0, ended
    assert "raceback" not in ended.complained


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_however_often_it_is_told_it_stops_its_postgres_first(embedding: Service, folder: Path, number: int) -> None:
    with httpx.Client(base_url=embedding.url) as client:
        assert post(client, line("a")).status_code == 200
    told = embedding.tell(number)
    pause = Event()
    while not embedding.over:
        embedding.tell(number)
        pause.wait(0.01)
    assert embedding.ended_in_time(told).code == 0
    assert server_pid(folder / "home") is None


def test_told_to_end_while_it_starts_it_leaves_no_postgres_behind(folder: Path, made: Path) -> None:
    shutil.copytree(made, folder / "home")
    with Service(folder / "home") as starting:
        until(lambda: server_pid(folder / "home") is not None, "its Postgres runs", 60)
        told = starting.tell(signal.SIGTERM)
        assert starting.ended_in_time(told).code in (0, 130)
    assert server_pid(folder / "home") is None


def test_told_to_end_while_its_postgres_is_killed_it_ends_well(embedding: Service, folder: Path) -> None:
    with httpx.Client(base_url=embedding.url) as client:
        assert post(client, line("a")).status_code == 200
    for process in processes_in(data_of(folder / "home")):
        process.signal(signal.SIGKILL)
    told = embedding.tell(signal.SIGTERM)
    assert embedding.ended_in_time(told).code == 0


def test_a_database_that_hangs_does_not_keep_it(embedding: Service, folder: Path) -> None:
    with ThreadPoolExecutor(2) as threads, httpx.Client(base_url=embedding.url) as client:
        assert post(client, line("a")).status_code == 200
        halted = processes_in(data_of(folder / "home"))
        try:
            for process in halted:
                process.signal(signal.SIGSTOP)
            waiting = threads.submit(embedding.record, "b"), threads.submit(_status, f"{embedding.url}/readyz")
            assert client.get("/healthz").status_code == 200
            told = embedding.tell(signal.SIGTERM)
            ended = embedding.ended_in_time(told)
        finally:
            for process in halted:
                process.signal(signal.SIGCONT)
        assert (waiting[0].result(), waiting[1].result() == 200) == ([], False)
    assert ended.code == 3
    assert "ended by force" in ended.complained


def _status(url: str) -> int | None:
    try:
        return httpx.get(url, timeout=60).status_code
    except httpx.TransportError:
        return None


def _somebody_waits(ledger: Ledger) -> bool:
    query = b"select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    return ledger.connection.execute(query).fetchone() is not None
