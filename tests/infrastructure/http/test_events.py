"""Events over HTTP: pages, cursors, lines, and bounded work."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from infrastructure.answers import events as answering
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.sample.write import LIFECYCLE

KEY = "agent:main:main:heartbeat"

Json = dict[str, Any]


@pytest.fixture
def filled(ledger: Ledger, client: httpx.Client) -> httpx.Client:
    """The sample under two gateways, one after the other."""
    for gateway in ("first", "second"):
        Importer(ledger, gateway=gateway).import_recording(str(LIFECYCLE), lambda _bytes: None)
    return client


def pages(client: httpx.Client, **parameters: Any) -> Iterator[Json]:
    after: dict[str, str] = {}
    while True:
        answer = client.get("/v1/events", params={**parameters, **after})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield page
        if not page["more"]:
            return
        after = {"after": page["cursor"]}


def test_following_cursors_gives_every_event_once_in_order(filled: httpx.Client) -> None:
    every = filled.get("/v1/events", params={"limit": 1000}).json()
    assert (len(every["events"]), every["more"]) == (208, False)
    followed = list(pages(filled, limit=9))
    assert [event for page in followed for event in page["events"]] == every["events"]
    assert max(len(page["events"]) for page in followed) == 9
    assert followed[-1]["cursor"] == every["cursor"]
    assert len(filled.get("/v1/events").json()["events"]) == 100


def test_the_last_cursor_goes_on_when_more_is_recorded(filled: httpx.Client, ledger: Ledger) -> None:
    *_pages, last = pages(filled)
    Importer(ledger, gateway="third").import_recording(str(LIFECYCLE), lambda _bytes: None)
    added = [event for page in pages(filled, after=last["cursor"]) for event in page["events"]]
    assert {event["gateway"] for event in added} == {"third"}
    assert len(added) == 104


def test_events_are_found_by_engine_gateway_type_and_time(filled: httpx.Client) -> None:
    every = filled.get("/v1/events", params={"limit": 1000}).json()["events"]
    moment = every[60]["occurred_at"]
    asked: list[tuple[Json, Any]] = [
        ({"engine_key": KEY, "gateway": "first"}, lambda one: one["engine_key"] == KEY and one["gateway"] == "first"),
        ({"gateway": "second"}, lambda one: one["gateway"] == "second"),
        ({"type": ["TurnCommitted", "TurnFailed"]}, lambda one: one["type"] in ("TurnCommitted", "TurnFailed")),
        ({"since": moment}, lambda one: one["occurred_at"] >= moment),
        ({"until": moment}, lambda one: one["occurred_at"] < moment),
        ({"since": "100000d", "until": "2026-11-24"}, lambda one: one["occurred_at"] < "2026-11-24"),
    ]
    for parameters, is_meant in asked:
        found = [event for page in pages(filled, limit=7, **parameters) for event in page["events"]]
        assert [one["event_id"] for one in found] == [one["event_id"] for one in every if is_meant(one)], parameters
        assert 0 < len(found) < len(every)


def test_only_so_much_is_looked_through_for_one_request(filled: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "MOST_LOOKED_THROUGH", 20)
    followed = list(pages(filled, type="CompactionStarted"))
    assert len(followed) == 11
    assert any(page["events"] == [] and page["more"] for page in followed)
    assert sum(len(page["events"]) for page in followed) == 4


def test_a_page_ends_when_it_has_become_large(filled: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "MOST_BYTES", 1)
    followed = list(pages(filled, limit=50))
    assert [len(page["events"]) for page in followed] == [1] * 208


def test_events_come_one_a_line_where_that_is_preferred(filled: httpx.Client) -> None:
    page = filled.get("/v1/events", params={"limit": 5}).json()
    lines = filled.get("/v1/events", params={"limit": 5}, headers={"accept": "application/x-ndjson"})
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in lines.text.splitlines()] == page["events"]
    assert (lines.headers["heartline-cursor"], lines.headers["heartline-more"]) == (page["cursor"], "true")
    for accept in ("*/*", "application/json", "text/html", "application/x-ndjson;q=0.1, application/json", "rubbish"):
        assert filled.get("/v1/events", headers={"accept": accept}).headers["content-type"] == "application/json"


def test_an_event_can_be_asked_for_by_its_id_and_gone_on_from(filled: httpx.Client) -> None:
    every = filled.get("/v1/events", params={"engine_key": KEY, "gateway": "first", "limit": 1000}).json()["events"]
    tenth = filled.get(f"/v1/events/{every[9]['event_id']}").json()
    assert {**tenth, "cursor": ""} == {**every[9], "cursor": ""}
    rest = filled.get(
        "/v1/events", params={"engine_key": KEY, "gateway": "first", "limit": 1000, "after": tenth["cursor"]}
    ).json()["events"]
    assert [one["event_id"] for one in rest] == [one["event_id"] for one in every[10:]]


def test_a_stream_is_gone_on_with_from_the_place_of_another(filled: httpx.Client) -> None:
    """The cursor stands at an event of another stream in the partition, as one of all events does."""
    every = filled.get("/v1/events", params={"limit": 1000}).json()["events"]
    for start in (3, 60, 150):
        found = filled.get(
            "/v1/events",
            params={"engine_key": KEY, "gateway": "second", "limit": 1000, "after": every[start]["cursor"]},
        ).json()["events"]
        meant = [one for one in every[start + 1 :] if one["engine_key"] == KEY and one["gateway"] == "second"]
        assert [one["event_id"] for one in found] == [one["event_id"] for one in meant]
