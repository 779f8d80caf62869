"""Following a service from afar: server-sent events, through whatever breaks off."""

from collections.abc import Iterator
from itertools import islice

import httpx
import pytest

from domain.errors import HeartlineError
from infrastructure.answers.errors import BadCursor
from infrastructure.answers.events import Wanted
from infrastructure.http.app import Doors
from infrastructure.http.limits import Limits
from infrastructure.remote.address import read_address
from infrastructure.remote.answers import RemoteAnswers
from infrastructure.remote.errors import NotAService, ServiceUnreachable
from infrastructure.remote.following import Message, messages_in
from infrastructure.remote.service import EVENTS, RemoteService
from infrastructure.service.messages import STILL_HERE, message, opening, position
from tests.infrastructure.http import conftest as http
from tests.infrastructure.http.live import every, record
from tests.infrastructure.remote.conftest import asking
from tests.infrastructure.remote.peers import Said, peer, problem

GONE = Said(hang_up=True)
BUSY = problem(503, "too-many-readers", "As many follow it as may.", retry_after="1")


@pytest.fixture(scope="module")
def lines(served: str) -> list[tuple[str, bytes]]:
    """Events of a real service: their cursors, and the lines that tell of them."""
    told = httpx.get(f"{served}/v1/events", params={"limit": 6}, headers={"accept": "application/x-ndjson"})
    cursors = [one["cursor"] for one in httpx.get(f"{served}/v1/events", params={"limit": 6}).json()["events"]]
    return list(zip(cursors, told.content.splitlines(), strict=True))


def sent(lines: list[tuple[str, bytes]], *more: bytes) -> Said:
    body = opening("begin") + STILL_HERE + b"".join(message("Any", cursor, line) for cursor, line in lines)
    return Said(200, f"{EVENTS}; charset=utf-8", body + b"".join(more))


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_messages_are_read_however_they_are_cut(ending: bytes) -> None:
    written = opening("a") + STILL_HERE + message("One", "b", b'{"x": ": 1"}') + b":x\nid: c\n:y\ndata: 1\ndata:2\n\n"
    written = (written + position("d") + b"id: e\ndata: lost").replace(b"\n", ending)
    meant = [Message("a", b""), Message("b", b'{"x": ": 1"}'), Message("c", b"1\n2"), Message("d", b"")]
    for size in range(1, len(written) + 1):
        pieces = (written[place : place + size] for place in range(0, len(written), size))
        assert list(messages_in(pieces)) == meant


def test_what_breaks_off_is_gone_on_with_from_the_last_id(lines: list[tuple[str, bytes]]) -> None:
    pauses: list[float] = []
    cut = b"id: never\nevent: Any\ndata: {"
    proxy = Said(502, "text/html", b"<html>Bad Gateway")
    refused = problem(400, "bad-cursor", "The cursor is of another ledger.")
    says = (sent(lines[:2], cut), GONE, BUSY, proxy, sent([], position("further")), sent(lines[2:]), refused)
    with peer(*says) as other, httpx.Client() as client:
        answers = RemoteAnswers(RemoteService(client, read_address(other.url), pauses.append))
        followed = answers.follow(Wanted(engine_key="k", types=("Any",)), "from here")
        assert [one.cursor for one in islice(followed, 6)] == [cursor for cursor, _line in lines]
        with pytest.raises(BadCursor):
            next(followed)
    assert {path for path, _headers in other.asked} == {"/v1/live?engine_key=k&type=Any&after=from+here"}
    resumed = [
        {name.lower(): value for name, value in headers.items()}.get("last-event-id") for _, headers in other.asked
    ]
    assert resumed == [None, *[lines[1][0]] * 4, "further", lines[5][0]]
    assert len(pauses) == 6
    assert pauses[0] < pauses[1] < pauses[2] < pauses[3]
    assert pauses[4] == pauses[0]


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (GONE, ServiceUnreachable, "service-unreachable"),
        (BUSY, HeartlineError, "too-many-readers"),
        (Said(200, "text/html", b"<html>"), NotAService, "not-a-service"),
        (Said(200, "application/json", b"[]"), NotAService, "not-a-service"),
        (problem(404, "not-found", "Not Found"), NotAService, "not-a-service"),
        (problem(401, "unknown-token", "No."), HeartlineError, "unknown-token"),
    ],
)
def test_what_never_was_followed_is_not_tried_again(said: Said, kind: type[HeartlineError], code: str) -> None:
    with peer(said) as other, asking(other.url) as answers, pytest.raises(kind) as found:
        next(answers.follow(Wanted()))
    assert found.value.code == code
    assert len(other.asked) == 1


@pytest.fixture
def short(database: str) -> Iterator[str]:
    """A service whose streams are over all the time."""
    with http.served(database, Doors(limits=Limits(live_seconds=0.05))) as url:
        yield url


def test_a_real_service_is_followed_through_many_streams(short: str) -> None:
    with httpx.Client(base_url=short) as client, asking(short) as answers:
        record(client, "first")
        followed = answers.follow(Wanted(since=0))
        found = [one.event_id for one in islice(followed, 2)]
        for number in range(5):
            record(client, f"{number}")
            found.append(next(followed).event_id)
        assert found == [one["event_id"] for one in every(client)]
