"""Lists, all of them alike: newest first, page by page, each row once, and only what was asked for."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import class_row

from domain.keys import agent_of
from infrastructure.answers import listing as listing_module
from infrastructure.answers.engines import ENGINES
from infrastructure.answers.errors import BadCursor, UnknownStream
from infrastructure.answers.keys import KEYS
from infrastructure.answers.known import MOST_COMPARED, names_of
from infrastructure.answers.library import Library
from infrastructure.answers.listing import MOST_AT_ONCE, AnyListing, Selection
from infrastructure.answers.listings import LISTINGS
from infrastructure.answers.local import LocalAnswers
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from projections.sql import statement
from tests.databases import Databases

HEARTBEAT = "agent:main:main:heartbeat"
LONG = "k" * 6_000

OF_ENGINES: tuple[AnyListing, ...] = (ENGINES, KEYS)

each_listing = pytest.mark.parametrize("listing", LISTINGS, ids=[one.name for one in LISTINGS])


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """The sample under two gateways, once with what was submitted."""
    for gateway, trace in (("first", str(TRACE)), ("second", None)):
        Importer(ledger, gateway=gateway).import_recording(str(LIFECYCLE), lambda _bytes: None, trace)
    return ledger


def record(ledger: Ledger, folder: Path, name: str, *calls: dict[str, Any], gateway: str = "g") -> None:
    path = folder / name
    path.write_text("\n".join(json.dumps(call) for call in calls))
    assert not Importer(ledger, gateway=gateway).import_recording(str(path), lambda _bytes: None).rejected


def compact(key: str, session: str, at: str) -> dict[str, Any]:
    given = {"sessionKey": key, "sessionId": session, "force": True}
    return {"ts": at, "method": "compact", "params": given, "result": {"ok": True, "compacted": False}}


def call(key: str, session: str, at: str) -> dict[str, Any]:
    message = {"role": "user", "content": session, "timestamp": 1, "idempotencyKey": f"{session}:user"}
    given = {"sessionKey": key, "sessionId": session, "messages": [], "prompt": session}
    result = {"messages": [message], "estimatedTokens": 4}
    return {"ts": at, "method": "assemble", "params": given, "result": result}


def everything(ledger: Ledger, listing: AnyListing) -> list[Any]:
    """Give every row as the query gives it."""
    Library(ledger).refresh()
    none = dict.fromkeys((*Selection.__struct_fields__, "before_at", "before_partition", "before_position"))
    with ledger.connection.cursor(row_factory=class_row(listing.row)) as cursor:
        return cursor.execute(statement(listing.statement), {**none, "limit": 10**6}, prepare=False).fetchall()


def pages(answers: LocalAnswers, listing: AnyListing, selection: Selection, limit: int) -> Iterator[list[Any]]:
    after: str | None = None
    while True:
        page = answers.listed(listing, selection, after, limit)
        yield page.items
        if not page.more:
            return
        after = page.cursor


def written(ledger: Ledger, listing: AnyListing, rows: list[Any]) -> list[Any]:
    made: list[Any] = listing.answers(Library(ledger), rows)
    return made


@each_listing
def test_all_are_listed_newest_first_and_each_has_a_place_of_its_own(filled: Ledger, listing: AnyListing) -> None:
    rows = everything(filled, listing)
    places = [(row.at, row.partition, row.position) for row in rows]
    assert places == sorted(set(places), reverse=True)
    assert {row.gateway for row in rows} == {"first", "second"}
    listed = LocalAnswers(Library(filled)).listed(listing, Selection(), limit=10_000)
    assert listed.items == written(filled, listing, rows)
    assert all(type(one) is listing.answer for one in listed.items)
    assert not listed.more


@each_listing
@pytest.mark.parametrize("limit", [1, 3, 1_000])
def test_following_cursors_gives_each_once_and_says_when_there_are_no_more(
    filled: Ledger, listing: AnyListing, limit: int
) -> None:
    followed = list(pages(LocalAnswers(Library(filled)), listing, Selection(), limit))
    rows = everything(filled, listing)
    assert [item for page in followed for item in page] == written(filled, listing, rows)
    assert [len(page) for page in followed[:-1]] == [limit] * (len(followed) - 1)
    assert 0 < len(followed[-1]) <= limit


@each_listing
def test_more_than_a_page_is_given_as_one(filled: Ledger, listing: AnyListing, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = LocalAnswers(Library(filled))
    for limit in (1, 3, 10**9):
        at_once = answers.listed(listing, Selection(), limit=limit)
        with monkeypatch.context() as changed:
            changed.setattr(listing_module, "MOST_AT_ONCE", 2)
            assert answers.listed(listing, Selection(), limit=limit) == at_once
    assert MOST_AT_ONCE == 1_000


@each_listing
def test_each_is_given_once_while_others_are_added(filled: Ledger, listing: AnyListing, tmp_path: Path) -> None:
    """Older and newer ones, of the same engines and of others."""
    before = [[row.at, row.partition, row.position] for row in everything(filled, listing)]
    given: list[Any] = []
    answers, after, more = LocalAnswers(Library(filled)), None, True
    while more:
        page = answers.listed(listing, Selection(), after, limit=1)
        after, more = page.cursor, page.more
        given.append(json.loads(urlsafe_b64decode(f"{after}==="))[2:5])
        number = len(given)
        key = HEARTBEAT if number % 3 else f"agent:added{number}:main"
        times = ("2025-01-01T00:00:00Z", f"2026-11-23T23:{number:02d}:30Z", "2027-01-01T00:00:00Z")
        if number <= 12:
            for at in times:
                session = f"{number}-{at}"
                calls = (call(key, session, at), compact(key, session, at))
                record(filled, tmp_path, f"{number}", *calls, gateway="first")
    assert given == sorted(given, reverse=True)
    assert len({tuple(place) for place in given}) == len(given) > len(before)
    assert all(place in given for place in before)


FILTERS: dict[str, tuple[Selection, Callable[[Any], bool]]] = {
    "gateway": (Selection(gateway="second"), lambda row: row.gateway == "second"),
    "routing key": (Selection(routing_key=HEARTBEAT), lambda row: row.routing_key == HEARTBEAT),
    "engine key": (Selection(engine_key=HEARTBEAT), lambda row: row.engine_key == HEARTBEAT),
    "agent": (Selection(agent="main"), lambda row: agent_of(row.routing_key) == "main"),
    "keys that are not of each other": (
        Selection(engine_key="agent:other:main", routing_key=HEARTBEAT),
        lambda _row: False,
    ),
    "key of a gateway": (
        Selection(gateway="first", routing_key=HEARTBEAT),
        lambda row: (row.gateway, row.routing_key) == ("first", HEARTBEAT),
    ),
}


@each_listing
@pytest.mark.parametrize(("selection", "is_meant"), FILTERS.values(), ids=FILTERS)
def test_only_those_are_listed_that_were_asked_for(
    filled: Ledger, tmp_path: Path, listing: AnyListing, selection: Selection, is_meant: Callable[[Any], bool]
) -> None:
    record(filled, tmp_path, "more", call("agent:other:main", "o", "2026-11-24T00:10:00Z"))
    meant = [row for row in everything(filled, listing) if is_meant(row)]
    found = [item for page in pages(LocalAnswers(Library(filled)), listing, selection, 2) for item in page]
    assert found == written(filled, listing, meant)


@each_listing
def test_a_time_goes_from_since_on_and_ends_before_until(filled: Ledger, listing: AnyListing) -> None:
    answers, rows = LocalAnswers(Library(filled)), everything(filled, listing)
    for since, until in ((rows[1].at, None), (None, rows[1].at), (rows[-1].at, rows[0].at), (10**18, None), (5, 5)):
        meant = [row for row in rows if (since is None or row.at >= since) and (until is None or row.at < until)]
        found = answers.listed(listing, Selection(since=since, until=until), limit=10_000)
        assert found.items == written(filled, listing, meant)
        assert (found.cursor is None) == (not meant)


def test_sessions_are_found_over_all_engines_and_gateways(filled: Ledger) -> None:
    answers = LocalAnswers(Library(filled))
    session = answers.listed(KEYS, Selection()).items[3].session_id
    found = answers.listed(KEYS, Selection(session_id=session)).items
    assert {(one.session_id, one.gateway) for one in found} == {(session, "first"), (session, "second")}
    assert answers.listed(KEYS, Selection(session_id="nobody")).items == []


def test_keys_agents_and_sessions_of_any_length_are_listed_and_found(ledger: Ledger, tmp_path: Path) -> None:
    key = f"agent:{LONG}:глагол-🜂"
    record(ledger, tmp_path, "long", call(key, LONG, "2026-11-24T00:10:00Z"))
    answers = LocalAnswers(Library(ledger))
    for selection in (Selection(agent=LONG), Selection(engine_key=key), Selection(routing_key=key)):
        for listing in OF_ENGINES:
            assert len(answers.listed(listing, selection).items) == 1
    assert len(answers.listed(KEYS, Selection(session_id=LONG)).items) == 1


@each_listing
def test_a_gateway_that_is_not_on_record_is_refused_with_those_that_are(filled: Ledger, listing: AnyListing) -> None:
    with pytest.raises(UnknownStream, match=r"No gateway nowhere is on record\. There are first, second"):
        LocalAnswers(Library(filled)).listed(listing, Selection(gateway="nowhere"))


@each_listing
def test_a_cursor_that_is_none_or_foreign_is_refused(filled: Ledger, listing: AnyListing, databases: Databases) -> None:
    answers = LocalAnswers(Library(filled))
    cursor = answers.listed(listing, Selection(), limit=1).cursor
    assert cursor
    other = next(one for one in LISTINGS if one is not listing)
    with pytest.raises(BadCursor, match=f"of the list of {listing.name}: begin without --after"):
        answers.listed(other, Selection(), cursor)
    fields: list[Any] = json.loads(urlsafe_b64decode(cursor + "==="))
    changes = [(2, 2**63), (3, -1), (3, 4_096), (4, -1), (4, 1.5), (4, None), (0, None), (1, 7)]
    for place, value in changes:
        changed = urlsafe_b64encode(json.dumps([*fields[:place], value, *fields[place + 1 :]]).encode()).decode()
        with pytest.raises(BadCursor, match="no cursor of a list"):
            answers.listed(listing, Selection(), changed)
    for nonsense in ("nonsense", "", "é", "W10", "[" * 10_000):
        with pytest.raises(BadCursor, match="no cursor of a list"):
            answers.listed(listing, Selection(), nonsense)
    ahead = urlsafe_b64encode(json.dumps([*fields[:4], 10**9, fields[5]]).encode()).decode()
    with pytest.raises(BadCursor, match="another history"):
        answers.listed(listing, Selection(), ahead)
    with Ledger.open(databases.make(partitions=4)) as another, pytest.raises(BadCursor, match="another ledger"):
        LocalAnswers(Library(another)).listed(listing, Selection(), cursor)


UNKNOWN: dict[str, tuple[Selection, str]] = {
    "engine key": (
        Selection(engine_key=f"{HEARTBEAT[:-1]}"),
        f"No engine {HEARTBEAT[:-1]} is on record. Did you mean {HEARTBEAT}",
    ),
    "routing key": (
        Selection(routing_key="agent:main:heartbeat"),
        f"No routing key agent:main:heartbeat is on record. Did you mean {HEARTBEAT}",
    ),
    "agent": (Selection(agent="mains"), "No agent mains is on record. Did you mean main"),
    "agent of a gateway": (
        Selection(agent="other", gateway="first"),
        "No agent other of gateway first is on record. Did you mean main",
    ),
    "one of two": (Selection(agent="main", routing_key="nobody"), "No routing key nobody is on record. Did you mean"),
}


@each_listing
@pytest.mark.parametrize(("selection", "told"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_key_or_an_agent_that_nobody_has_is_refused_with_the_nearest(
    filled: Ledger, tmp_path: Path, listing: AnyListing, selection: Selection, told: str
) -> None:
    record(filled, tmp_path, "more", call("agent:other:main", "o", "2026-11-24T00:10:00Z"))
    with pytest.raises(UnknownStream, match=re.escape(told)):
        LocalAnswers(Library(filled)).listed(listing, selection)


@each_listing
def test_a_known_key_of_which_nothing_is_found_gives_an_empty_list(filled: Ledger, listing: AnyListing) -> None:
    answers = LocalAnswers(Library(filled))
    for selection in (Selection(engine_key=HEARTBEAT, since=10**18), Selection(agent="main", until=5)):
        assert answers.listed(listing, selection).items == []


def test_the_nearest_are_sought_among_a_bounded_number_of_keys(ledger: Ledger, tmp_path: Path) -> None:
    """Comparing costs as much as a hundred questions do; the newest are compared."""
    newest = call("agent:newest:main", "n", "2026-11-24T00:20:00Z")
    calls = [call(f"agent:a{number}:main", "o", "2026-11-24T00:10:00Z") for number in range(9)]
    record(ledger, tmp_path, "many", *calls, newest)
    library = Library(ledger)
    library.refresh("engines")
    assert names_of(library.rows, "engine_key", None, most=3)[0] == "agent:newest:main"
    assert len(names_of(library.rows, "engine_key", None, most=3)) == 3
    assert MOST_COMPARED == 2_000
