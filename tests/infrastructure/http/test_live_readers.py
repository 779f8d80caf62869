"""Readers of the live tail of every kind: too many, slow, without rights; and what the database does to them."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Event
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from infrastructure.access.tokens import create_token, revoke_token
from infrastructure.answers.cursor import Cursor
from infrastructure.composition import DATABASE, SERVICE_ROLE, prepare_embedded
from infrastructure.embedded.server import EmbeddedPostgres
from infrastructure.http.app import Doors
from infrastructure.http.limits import Limits
from infrastructure.ledger import hints
from infrastructure.ledger.ledger import Ledger
from infrastructure.service import listening, reader
from tests.databases import Databases
from tests.infrastructure.embedded.support import open_folder, until
from tests.infrastructure.http.conftest import served, served_by
from tests.infrastructure.http.live import client_of, following, import_sample, readers, record
from tests.infrastructure.http.test_database_away import line
from tests.infrastructure.http.test_protocol import connected

LONG = 60.0


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"after": "nonsense"}, 400, "bad-cursor"),
        ({"last_id": "nonsense"}, 400, "bad-cursor"),
        ({"since": "soon"}, 400, "wrong-usage"),
        ({"engine_key": "nobody"}, 404, "unknown-stream"),
        ({"gateway": "nowhere"}, 404, "unknown-stream"),
    ],
)
def test_what_can_not_be_meant_is_a_problem_before_anything_is_sent(
    client: httpx.Client, asked: dict[str, str], status: int, code: str
) -> None:
    record(client, "a")
    headers = {"last-event-id": asked.pop("last_id")} if "last_id" in asked else {}
    answer = client.get("/v1/live", params=asked, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert readers(client) == 0


def test_a_cursor_of_another_ledger_is_refused(databases: Databases, client: httpx.Client) -> None:
    with Ledger.open(databases.make()) as other:
        import_sample(other, "there")
        answer = client.get("/v1/live", headers={"last-event-id": Cursor.end(other).text()})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-cursor")


def test_only_so_many_follow_at_once_and_who_leaves_makes_room(client: httpx.Client, url: str) -> None:
    with ExitStack() as opened:
        streams = [opened.enter_context(following(url)) for _ in range(63)]
        with following(url):
            refused = client.get("/v1/live")
            assert (refused.status_code, refused.json()["code"]) == (503, "too-many-readers")
            assert int(refused.headers["retry-after"]) > 0
            assert readers(client) == 64
        until(lambda: readers(client) == 63, "who left was noticed")
        streams.append(opened.enter_context(following(url)))
        record(client, "a")
        assert len({tuple(one.data for one in stream.events(2)) for stream in streams}) == 1
    until(lambda: readers(client) == 0, "all left")


def test_its_head_is_that_of_a_stream_and_holds_nothing(client: httpx.Client) -> None:
    answer = client.head("/v1/live")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
    until(lambda: readers(client) == 0, "nobody follows")


def test_a_token_that_is_revoked_ends_its_streams_and_no_other(
    database: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "BEAT_SECONDS", 0.05)
    texts = {scope: create_token(ledger.connection, scope, scope)[1] for scope in ("read", "admin")}
    _token, recorder = create_token(ledger.connection, "recorder", "write", "home")
    with served(database, Doors(tokens_demanded=True)) as url, client_of(url) as client:
        client.headers["authorization"] = f"Bearer {recorder}"
        assert client.get("/v1/live").status_code == 403
        with following(url, token=texts["read"]) as stream, following(url, token=texts["admin"]) as other:
            record(client, "a")
            assert len(list(stream.events(2))) == 2
            revoke_token(ledger.connection, "read")
            assert list(stream) == []
            record(client, "b")
            assert len(list(other.events(3))) == 3


@pytest.mark.parametrize("way", ["hints-alone", "polling-alone"])
def test_what_others_write_is_sent_by_hint_and_by_looking(
    database: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(listening, "POLL_SECONDS", LONG if way == "hints-alone" else 0.01)
    if way == "polling-alone":
        monkeypatch.setattr(hints.GatheringTeller, "tell", lambda *_arguments: None)
    with served(database) as url, following(url) as stream:
        import_sample(ledger, "one")
        assert len(list(stream.events(104))) == 104


def test_a_stream_gives_signs_of_life_and_ends_when_its_time_is_over(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "BEAT_SECONDS", 0.01)
    with served(database, Doors(limits=Limits(live_seconds=0.3))) as url, following(url) as stream:
        assert list(stream) == []
        assert stream.comments > 1


HUGE = "agent:" + "k" * 100_000
"""A key that makes large events: they are told with it."""


@pytest.fixture
def impatient(database: str) -> Iterator[str]:
    """A service that soon has enough of who does not read, over a ledger of more than the system's buffers hold."""
    with served(database, Doors(limits=Limits(body_pause_seconds=0.2))) as url:
        with client_of(url) as client:
            for number in range(8):
                record(client, *(f"{number}-{one}" for one in range(16)), key=HUGE)
        yield url


def ask_for_all(connection: Any) -> None:
    connection.sendall(b"GET /v1/live?since=2020-01-01 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")


def test_who_does_not_read_is_cut_off(impatient: str) -> None:
    with connected(impatient) as silent, client_of(impatient) as client, following(impatient) as healthy:
        ask_for_all(silent)
        until(lambda: readers(client) == 2, "it is served")
        until(lambda: readers(client) == 1, "it is cut off")
        record(client, "later")
        assert len(list(healthy.events(1))) == 1


def test_who_reads_slowly_is_not(impatient: str) -> None:
    """There is always something unsent to it, and never for long the same."""
    pause, split = Event(), urlsplit(impatient)
    with socket.socket() as slow, client_of(impatient) as client:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        slow.connect((split.hostname, split.port))
        ask_for_all(slow)
        received, began = 0, monotonic()
        while received < 11_000_000:
            piece = slow.recv(65_536)
            assert piece, f"cut off after {received} bytes"
            received += len(piece)
            while monotonic() - began < received / 6_000_000:
                pause.wait(0.001)
        assert readers(client) == 1
    assert monotonic() - began > 5 * 0.2


def test_a_ledger_of_another_history_ends_the_stream_and_is_told_to_who_comes_again(databases: Databases) -> None:
    """A failover to a database that lacks something, for example."""
    first, second = databases.make(), databases.make()
    where = [first]

    def open_ledger() -> Ledger:
        return Ledger.open(where[0])

    with served_by(open_ledger) as url, client_of(url) as client, following(url) as stream:
        record(client, "a")
        assert len(list(stream.events(2))) == 2
        where[0] = second
        with psycopg.connect(first, autocommit=True) as owner:
            owner.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
        assert list(stream) == []
        headers = {"last-event-id": stream.last_id}
        until(lambda: client.get("/v1/live", headers=headers).json()["code"] == "bad-cursor", "it is told so")
        with following(url) as anew:
            until(lambda: _recorded(client), "it records again")
            assert len(list(anew.events(2))) == 2


def _recorded(client: httpx.Client) -> bool:
    answer = client.post("/v1/observations", params={"gateway": "home"}, content=line("anew"))
    return answer.status_code == 200


def test_streams_outlive_the_database_and_miss_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BEAT_SECONDS", 0.05)
    with open_folder() as folder:
        embedded = EmbeddedPostgres(folder / "home")
        address = embedded.start()
        prepare_embedded(address)
        with (
            served(address.conninfo(user=SERVICE_ROLE, dbname=DATABASE)) as url,
            client_of(url) as client,
            following(url) as stream,
            following(url, type="MaintenanceRecorded") as filtered,
        ):
            record(client, "before")
            assert len(list(stream.events(2))) == 2
            assert len(list(filtered.events(1))) == 1
            embedded.stop()
            assert client.get("/v1/live").status_code == 503
            comments = stream.comments
            wait = stream.blocks(1)
            embedded.start()
            until(lambda: _recorded(client), "it records again")
            assert next(wait)["event"] == "EngineOpened"
            assert stream.comments > comments
            assert [one.kind for one in filtered.events(1)] == ["MaintenanceRecorded"]
            assert readers(client) == 2
        embedded.stop()
