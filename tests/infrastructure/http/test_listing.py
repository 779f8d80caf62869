"""Lists over HTTP: pages, lines, and what the routes say of themselves."""

import json
from typing import Any

import httpx
import pytest
from msgspec.structs import fields

from infrastructure.answers.listing import AnyListing
from infrastructure.answers.listings import LISTINGS
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE

KEY = "agent:main:main:heartbeat"

each_listing = pytest.mark.parametrize("listing", LISTINGS, ids=[one.name for one in LISTINGS])


@pytest.fixture
def filled(ledger: Ledger, client: httpx.Client) -> httpx.Client:
    """The sample under two gateways."""
    for gateway in ("first", "second"):
        Importer(ledger, gateway=gateway).import_recording(str(LIFECYCLE), lambda _bytes: None, str(TRACE))
    return client


def page(client: httpx.Client, listing: AnyListing, **parameters: Any) -> dict[str, Any]:
    answer = client.get(f"/v1/{listing.name}", params=parameters)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@each_listing
def test_following_cursors_gives_everything_once(filled: httpx.Client, listing: AnyListing) -> None:
    every = page(filled, listing, limit=1_000)
    assert not every["more"]
    followed: list[Any] = []
    told = page(filled, listing, limit=3)
    followed += told["items"]
    while told["more"]:
        told = page(filled, listing, limit=3, after=told["cursor"])
        followed += told["items"]
    assert followed == every["items"]
    assert told["cursor"] == every["cursor"]
    assert page(filled, listing, agent="main", since="2100-01-01") == {"items": [], "cursor": None, "more": False}


@each_listing
def test_a_list_comes_one_a_line_where_that_is_preferred(filled: httpx.Client, listing: AnyListing) -> None:
    told = page(filled, listing, limit=2)
    accept = {"accept": "application/x-ndjson"}
    lines = filled.get(f"/v1/{listing.name}", params={"limit": 2}, headers=accept)
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in lines.text.splitlines()] == told["items"]
    assert (lines.headers["heartline-cursor"], lines.headers["heartline-more"]) == (told["cursor"], "true")
    nothing = filled.get(f"/v1/{listing.name}", params={"since": "2100-01-01"}, headers=accept)
    assert (nothing.text, nothing.headers["heartline-more"]) == ("", "false")
    assert "heartline-cursor" not in nothing.headers


@each_listing
def test_the_parameters_of_a_list_narrow_it(filled: httpx.Client, listing: AnyListing) -> None:
    every = page(filled, listing, limit=1_000)["items"]
    second = page(filled, listing, limit=1_000, gateway="second")["items"]
    assert second == [one for one in every if one["gateway"] == "second"]
    of_key = page(filled, listing, limit=1_000, engine_key=KEY, routing_key=KEY, agent="main")["items"]
    assert of_key == [one for one in every if one["engine_key"] == KEY]
    assert page(filled, listing, since="2100-01-01")["items"] == []
    assert page(filled, listing, limit=1_000, since="2026-11-23", until="2100-01-01")["items"] == every


@each_listing
def test_a_list_is_described_by_the_type_of_its_rows(filled: httpx.Client, listing: AnyListing) -> None:
    described = filled.get("/schema").json()
    operation = described["paths"][f"/v1/{listing.name}"]["get"]
    content = operation["responses"]["200"]["content"]
    assert set(content) == {"application/json", "application/x-ndjson"}
    name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert "." not in name
    schema = described["components"]["schemas"][name]
    assert set(schema["required"]) == {"items", "cursor", "more"}
    row = described["components"]["schemas"][schema["properties"]["items"]["items"]["$ref"].rpartition("/")[2]]
    assert set(row["properties"]) == {one.encode_name for one in fields(listing.answer)}
    named = {parameter["name"] for parameter in operation["parameters"]}
    filters = {"gateway", "routing_key", "engine_key", "agent", "since", "until", "after", "limit"}
    assert named == filters | ({"session_id"} if listing.of_sessions else set())


def test_sessions_are_asked_for_by_their_id(filled: httpx.Client) -> None:
    keys = next(one for one in LISTINGS if one.name == "keys")
    session = page(filled, keys)["items"][0]["session_id"]
    found = page(filled, keys, session_id=session)["items"]
    assert {(one["session_id"], one["gateway"]) for one in found} == {(session, "first"), (session, "second")}


@each_listing
@pytest.mark.parametrize("name", ["engine_key", "routing_key", "agent"])
def test_a_name_that_nobody_has_is_not_found(filled: httpx.Client, listing: AnyListing, name: str) -> None:
    answer = filled.get(f"/v1/{listing.name}", params={name: "agent:nobody"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-stream")
    assert "agent:nobody" in answer.json()["detail"]
