"""The live tail: every event once, as it is appended, whatever happens to readers, and to the service."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from typing import Any

import httpx
import pytest

from infrastructure.answers import following as reading
from infrastructure.answers.cursor import Cursor
from infrastructure.http.app import Doors
from infrastructure.http.limits import Limits
from infrastructure.ledger.ledger import Ledger
from infrastructure.service import reader, tail
from tests.infrastructure.http.conftest import served
from tests.infrastructure.http.live import client_of, every, following, import_sample, record

LONG = 60.0
SINCE = "2026-11-23T07:30:00Z"
"""Some of the sample happened before, and what is recorded here happens later."""


def ids(events: Any) -> list[str]:
    return [one["event_id"] for one in events]


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
    asked: dict[str, Any] = {"after": stream.start, "limit": 2}
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
                for again in range(5):
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

        followed = [threads.submit(read, seed, asked) for seed, asked in enumerate(FILTERS)]
        list(threads.map(write, range(4)))
        written.set()
        found = [one.result(LONG) for one in followed]
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
