"""The live tail: every event once, as it is appended, whatever happens to readers, and to the service."""

import random
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from infrastructure.access.tokens import create_token, revoke_token
from infrastructure.answers import following as reading
from infrastructure.answers.cursor import Cursor
from infrastructure.composition import DATABASE, SERVICE_ROLE, prepare_embedded
from infrastructure.embedded.server import EmbeddedPostgres
from infrastructure.http.app import Doors
from infrastructure.http.limits import Limits
from infrastructure.ledger import hints
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.sample.write import LIFECYCLE
from infrastructure.service import listening, reader, tail
from tests.databases import Databases
from tests.infrastructure.embedded.support import open_folder, until
from tests.infrastructure.http.conftest import served, served_by
from tests.infrastructure.http.live import every, following, line, readers, record
from tests.infrastructure.http.test_protocol import connected

LONG = 60.0
SINCE = "2026-11-23T07:30:00Z"
"""Some of the sample happened before, and what is recorded here happens later."""


def ids(events: Any) -> list[str]:
    return [one["event_id"] for one in events]


def import_sample(ledger: Ledger, gateway: str) -> None:
    Importer(ledger, gateway=gateway).import_recording(str(LIFECYCLE), lambda _bytes: None)


@pytest.fixture
def in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is read and kept in small pieces, so that readers often fall behind and catch up."""
    monkeypatch.setattr(tail, "AT_ONCE", 3)
    monkeypatch.setattr(tail, "KEPT_BATCHES", 3)
    monkeypatch.setattr(reading, "PAGE", 5)
    monkeypatch.setattr(reader, "PASSED", 4)


def test_an_event_is_sent_as_events_tells_of_it(client: httpx.Client, url: str) -> None:
    record(client, "before")
    with following(url) as stream:
        record(client, "a", "b")
        found = list(stream.events(2))
    asked: dict[str, str | int] = {"after": str(stream.start), "limit": 2}
    told = client.get("/v1/events", params=asked, headers={"accept": "application/x-ndjson"}).text
    assert [one.data for one in found] == told.splitlines()
    assert [(one.kind, one.id) for one in found] == [(one.event["type"], one.event["cursor"]) for one in found]


def test_it_begins_now_or_behind_a_cursor_or_with_a_time(filled: httpx.Client, url: str) -> None:
    before = every(filled)
    places: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
        ({"after": before[50]["cursor"]}, before[51:]),
        ({"after": before[50]["cursor"], "last_id": before[90]["cursor"]}, before[91:]),
        ({"since": SINCE}, [one for one in before if one["occurred_at"] >= SINCE]),
        ({"since": "2020-01-01", "last_id": before[90]["cursor"]}, before[91:]),
        ({"last_id": before[-1]["cursor"]}, []),
        ({}, []),
    ]
    with ExitStack() as opened:
        streams = [(opened.enter_context(following(url, **asked)), meant) for asked, meant in places]
        now = client_of(url)
        record(now, "later", key="agent:late:main")
        now.close()
        for stream, meant in streams:
            later = stream.events(len(meant) + 2)
            assert sorted(ids(one.event for one in later)) == sorted([*ids(meant), *ids(every(filled)[208:])])


def client_of(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=60)


@pytest.fixture
def filled(ledger: Ledger, client: httpx.Client) -> httpx.Client:
    for gateway in ("first", "second"):
        import_sample(ledger, gateway)
    return client


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"gateway": "second"},
        {"engine_key": "agent:main:main:heartbeat", "gateway": "first"},
        {"type": "TurnCommitted"},
    ],
)
@pytest.mark.usefixtures("in_small_pieces")
def test_whoever_comes_again_with_the_last_id_misses_nothing_and_gets_nothing_twice(
    filled: httpx.Client, url: str, asked: dict[str, Any]
) -> None:
    meant = ids(every(filled, **asked))
    found: list[str] = []
    last_id, chance = None, random.Random(7)
    while len(found) < len(meant):
        with following(url, last_id, since="2020-01-01", **asked) as stream:
            count = min(len(meant) - len(found), chance.randint(1, 12))
            found += ids(one.event for one in stream.events(count))
            last_id = stream.last_id
    assert found == meant


FILTERS: list[dict[str, Any]] = [
    {},
    {},
    {"gateway": "w1"},
    {"gateway": "w2", "engine_key": "agent:1:main"},
    {"type": ["ContextAssembled", "TickSettled"]},
    {"type": "SubagentSpawned"},
]


@pytest.mark.usefixtures("in_small_pieces")
def test_four_writers_and_readers_that_come_and_go_as_they_like(database: str, ledger: Ledger) -> None:
    with served(database, Doors(limits=Limits(live_seconds=1))) as url, ThreadPoolExecutor(16) as threads:
        with client_of(url) as client:
            for number in range(4):
                record(client, "a", "b", key="agent:1:main", gateway=f"w{number}")
        begin, written = Cursor.end(ledger).text(), Event()

        def write(number: int) -> None:
            with Ledger.open(database) as own, client_of(url) as client:
                for again in range(8):
                    import_sample(own, f"s{number}-{again}")
                    for key in ("agent:1:main", "agent:2:main"):
                        record(client, *(f"{key}-{again}-{one}" for one in range(20)), key=key, gateway=f"w{number}")

        def read(seed: int, asked: dict[str, Any]) -> list[str]:
            chance, found, last_id, vain = random.Random(seed), list[str](), begin, 0
            while vain < 2:
                came = written.is_set()
                with following(url, last_id, **asked) as stream:
                    for count, one in enumerate(stream):
                        found += [one.event["event_id"]] if one.data else []
                        if count == chance.randint(0, 400):
                            break
                    vain = vain + 1 if came and stream.last_id == last_id else 0
                    last_id = stream.last_id
            return found

        reading = [threads.submit(read, seed, asked) for seed, asked in enumerate(FILTERS)]
        list(threads.map(write, range(4)))
        written.set()
        found = [one.result(LONG) for one in reading]
        with client_of(url) as client:
            for asked, got in zip(FILTERS, found, strict=True):
                assert sorted(got) == sorted(ids(every(client, after=begin, **asked))), asked
    assert [len(one) > 0 for one in found] == [True, True, True, True, True, False]


@pytest.mark.usefixtures("in_small_pieces")
def test_whoever_is_sent_little_is_told_how_far_it_has_come(client: httpx.Client, url: str, ledger: Ledger) -> None:
    with following(url, type="SubagentSpawned") as stream:
        import_sample(ledger, "much")
        told = next(iter(stream))
    assert (told.kind, told.data) == ("cursor", "")
    assert 4 <= len(every(client)) - len(every(client, after=told.id)) < 60


def test_a_reader_of_one_engine_is_at_the_end_of_everything_once_it_has_caught_up(
    filled: httpx.Client, url: str
) -> None:
    asked = {"engine_key": "agent:main:main", "gateway": "first"}
    meant = every(filled, **asked)
    with following(url, since="2020-01-01", **asked) as stream:
        assert ids(one.event for one in stream.events(len(meant))) == ids(meant)
        told = next(iter(stream))
    assert (told.kind, told.data) == ("cursor", "")
    assert every(filled, after=told.id) == []


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
