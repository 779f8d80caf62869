"""What clients do to connections harms their own only."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from infrastructure.http.app import Doors
from infrastructure.http.limits import Limits
from tests.infrastructure.http.conftest import served

OURS = b"Host: 127.0.0.1\r\n"
LAST = OURS + b"Connection: close\r\n"
CALL = json.dumps(
    {"ts": "2026-11-23T08:00:00Z", "method": "maintain", "params": {"sessionId": "s", "sessionKey": "k"}, "result": {}}
).encode()


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    split = urlsplit(url)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(20)
        connection.connect((split.hostname, split.port))
        yield connection


def everything(connection: socket.socket) -> bytes:
    received = b""
    while more := connection.recv(65_536):
        received += more
    return received


def exchanged(url: str, sent: bytes) -> bytes:
    with connected(url) as connection:
        connection.sendall(sent)
        return everything(connection)


def told(answer: bytes) -> tuple[int, str]:
    """Give the status and code of a problem, which must be the whole answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"content-length: %d\r\n" % len(body) in head + b"\r\n"
    problem: dict[str, Any] = json.loads(body)
    assert head.startswith(b"HTTP/1.1 %d " % problem["status"])
    return problem["status"], problem["code"]


@pytest.mark.parametrize(
    "wish", [b"Upgrade: h2c\r\nHTTP2-Settings: AAMA\r\nConnection: Upgrade, HTTP2-Settings, close"]
)
def test_a_request_that_wishes_for_another_protocol_is_served_with_its_body(url: str, wish: bytes) -> None:
    head = b"POST /v1/observations?gateway=home HTTP/1.1\r\n" + OURS + wish
    plain = exchanged(url, head + b"\r\nContent-Length: %d\r\n\r\n%b" % (len(CALL), CALL))
    chunked = exchanged(url, head + b"\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(CALL), CALL))
    assert [json.loads(one.partition(b"\r\n\r\n")[2])["lines"][0]["outcome"] for one in (plain, chunked)] == [
        "recorded",
        "duplicate",
    ]


def test_what_follows_a_wish_for_another_protocol_is_a_request_like_any(url: str) -> None:
    wish = b"GET /healthz HTTP/1.1\r\n" + OURS + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    answers = exchanged(url, wish + b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert answers.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 421 " in answers


def test_it_is_no_proxy(url: str) -> None:
    assert told(exchanged(url, b"CONNECT elsewhere:80 HTTP/1.1\r\n" + OURS + b"\r\n")) == (400, "bad-http")
    assert told(exchanged(url, b"CONNECT /v1/streams HTTP/1.1\r\n" + OURS + b"\r\n")) == (400, "bad-http")


@pytest.mark.parametrize("host", [b"evil.example", b"ours@evil.example", b"127.0.0.1@evil.example", b"evil.example:80"])
def test_the_host_that_a_target_names_is_the_one_that_is_meant(url: str, host: bytes) -> None:
    assert told(exchanged(url, b"GET http://%b/v1/streams HTTP/1.1\r\n%b\r\n" % (host, LAST))) == (421, "foreign-host")
    ours = b"GET http://127.0.0.1/v1/streams HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % host
    assert exchanged(url, ours).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /v1/observations HTTP/1.1\r\n"
        + OURS
        + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/observations HTTP/1.1\r\n" + OURS + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n12345",
        b"POST /v1/observations HTTP/1.1\r\n" + OURS + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n 127.0.0.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\nHost: 127.0.0.1\n\n",
        b"GET http:///healthz HTTP/1.1\r\n" + OURS + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_as_a_problem(url: str, sent: bytes) -> None:
    assert told(exchanged(url, sent)) == (400, "bad-http")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /healthz HTTP/1.1\r\n" + LAST + OURS + b"\r\n",
        b"GET /healthz HTTP/1.0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n",
    ],
)
def test_a_request_names_one_host(url: str, sent: bytes) -> None:
    assert told(exchanged(url, sent)) == (421, "foreign-host")


@pytest.mark.parametrize("endless", [b"0\r\nX: ", b"1;", b"1\r\n{\r\n0\r\nX: y\r\nZ:"])
def test_what_belongs_to_no_body_is_bounded_too(database: str, endless: bytes) -> None:
    head = b"POST /v1/observations?gateway=home HTTP/1.1\r\n" + OURS + b"Transfer-Encoding: chunked\r\n\r\n"
    with served(database, Doors(limits=Limits(head=4_000))) as url, connected(url) as connection:
        connection.sendall(head + endless)
        with pytest.raises(ConnectionError):  # long before so much is taken: the network holds some of it
            connection.sendall(b"x" * 50_000_000)


def test_connections_that_do_nothing_give_way_to_those_that_ask(database: str) -> None:
    with served(database, Doors(limits=Limits(connections=4))) as url, ExitStack() as many:
        idle = [many.enter_context(connected(url)) for _ in range(12)]
        idle[-1].sendall(b"GET /healthz HTTP/1.1\r\nHos")  # a head that has begun is nothing yet
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_where_all_connections_are_in_work_the_next_is_told_to_come_again(database: str) -> None:
    with served(database, Doors(limits=Limits(connections=2))) as url, ExitStack() as many:
        for _ in range(2):
            working = many.enter_context(connected(url))
            working.sendall(b"POST /v1/observations HTTP/1.1\r\n" + OURS + b"Expect: 100-continue\r\n")
            working.sendall(b"Content-Length: 10\r\n\r\n")
            assert working.recv(100).startswith(b"HTTP/1.1 100 ")
        with connected(url) as one_more:
            answer = everything(one_more)
    assert told(answer) == (503, "too-busy")
    assert b"\r\nretry-after: 1\r\n" in answer


def test_who_is_refused_while_still_sending_reads_why(url: str) -> None:
    head = (
        b"POST /v1/observations HTTP/1.1\r\n" + OURS + b"Authorization: Bearer wrong\r\nContent-Length: 8000000\r\n\r\n"
    )
    with connected(url) as connection:
        connection.sendall(head)
        connection.sendall(b"x" * 8_000_000)
        assert told(everything(connection)) == (401, "unknown-token")


@pytest.fixture
def large(database: str) -> Iterator[tuple[str, str]]:
    """A service that is impatient with those who do not read, and the path of an answer that no socket holds."""
    keys = {"gateway": "home", "engine_key": "k"}
    message = {"role": "user", "timestamp": 1, "content": "x" * 9_000_000}
    doors = Doors(limits=Limits(body_pause_seconds=0.5, unread=20_000_000))
    with served(database, doors) as url, httpx.Client(base_url=url, params=keys, timeout=20) as client:
        commands: list[tuple[str, dict[str, Any]]] = [
            ("open", {}),
            ("record-entries", {"session_id": "s", "messages": [message]}),
            ("assemble", {"session_id": "s", "budget": 10**8}),
        ]
        for command, body in commands:
            assert client.post(f"/v1/engine/{command}", json=body).status_code == 200
        yield url, "/v1/context?reference=k"


def test_answers_that_nobody_takes_are_given_up_and_keep_their_client_from_more(large: tuple[str, str]) -> None:
    url, path = large
    with connected(url) as connection, httpx.Client(base_url=url, timeout=20) as client:
        connection.sendall(b"GET %b HTTP/1.1\r\n%b\r\n" % (path.encode(), OURS))
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        refused = client.get(path)
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
        assert client.get("/v1/streams").status_code == 200  # small answers are no harm
        while client.get(path).status_code == 429:
            pass  # until the connection is given up; pytest-timeout ends what never comes
        assert len(everything(connection)) < 9_000_000
