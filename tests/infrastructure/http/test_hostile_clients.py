"""A client that is slow, greedy, hasty or wrong harms itself: others are served meanwhile, and told the truth."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from infrastructure.http.app import Doors
from infrastructure.http.limits import Limits
from infrastructure.http.server import OTHER_FILES, make_room
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from tests.infrastructure.http.conftest import served


def call(number: int, **named: Any) -> bytes:
    params = {"sessionId": "s-1", "sessionKey": "agent:main:main", **named.pop("params", {})}
    line = {"ts": f"2026-11-23T08:00:{number % 60:02}.000Z", "method": "maintain", "params": params, "result": {}}
    return json.dumps({**line, **named}).encode()


def post(client: httpx.Client, body: bytes, **headers: str) -> httpx.Response:
    kind = {"content-type": "application/x-ndjson", **headers}
    return client.post("/v1/observations", params={"gateway": "home"}, content=body, headers=kind)


def outcomes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["outcome"] for one in answer.json()["lines"]]


@pytest.mark.parametrize(
    "body",
    [b"x\n" * 100_000, b"\n" * 20_000_000, (b"[" * 100_000 + b"\n") * 20, (b"[" * 500 + b"]" * 500) * 2_000],
    ids=["bad lines", "blank lines", "deep lines", "a line of nested lists"],
)
def test_others_have_their_turn_while_a_request_is_worked_on(url: str, body: bytes) -> None:
    with ThreadPoolExecutor(1) as thread, httpx.Client(base_url=url, timeout=60) as client:
        client.get("/healthz")
        answered = [monotonic()]
        greedy = thread.submit(httpx.post, f"{url}/v1/observations?gateway=home", content=body, timeout=60)
        while not greedy.done():
            assert client.get("/healthz").status_code == 200
            answered.append(monotonic())
        assert greedy.result().status_code == 200
    longest = max(later - earlier for earlier, later in pairwise(answered))
    assert longest < max(0.5, (answered[-1] - answered[0]) / 2)


def test_what_is_compressed_is_not_unpacked(client: httpx.Client) -> None:
    assert outcomes(post(client, b"\x1f\x8b" + bytes(1_000), **{"content-encoding": "gzip"})) == ["rejected"]


@pytest.mark.parametrize(
    ("strange", "becomes"),
    [
        (b'"sessionKey":"agent:\\u0000:\\ud800"', "recorded"),
        (b'"sessionKey":"agent:main:main","x":1e400', "recorded"),
        (b'"sessionKey":"agent:main:main","x":-0.0', "recorded"),
        (b'"sessionKey":"agent:main:main","x":"\\udfff\\u0000"', "recorded"),
        (b'"sessionKey":"agent:main:main","x":"\xed\xa0\x80"', "rejected"),
        (b'"sessionKey":"agent:main:main","x":"\x00"', "rejected"),
        (b'"sessionKey":"%s"' % (b"k" * 100_000), "recorded"),
    ],
)
def test_strange_values_concern_their_own_line(
    client: httpx.Client, ledger: Ledger, strange: bytes, becomes: str
) -> None:
    line = call(2).replace(b'"sessionKey": "agent:main:main"', strange)
    assert outcomes(post(client, b"\n".join([call(1), line, call(3)]))) == ["recorded", becomes, "recorded"]
    assert verify(ledger).ok


def test_one_id_that_many_deliver_at_once_is_recorded_once_and_is_a_conflict_with_other_content(
    client: httpx.Client, ledger: Ledger
) -> None:
    bodies = [call(number % 2, id="the same") for number in range(16)]
    with ThreadPoolExecutor(8) as threads:
        came = [outcomes(answer)[0] for answer in threads.map(lambda body: post(client, body), bodies)]
    assert came.count("recorded") == 1
    first = bodies[came.index("recorded")]
    assert [one == "rejected" for one in came] == [body != first for body in bodies]
    assert ledger.version("home", "agent:main:main") == 2


def test_where_too_much_is_arriving_it_is_refused_for_a_moment_and_nothing_of_it_is_written(database: str) -> None:
    with served(database, Doors(limits=Limits(held=400_000))) as url, httpx.Client(base_url=url) as client:
        answer = post(client, call(1)[:100] + b" " * 2_000_000 + b"\n" + call(1))
        assert (answer.status_code, answer.json()["code"]) == (503, "queue-full")
        assert answer.headers["retry-after"] == "1"
        assert client.get("/v1/streams").json() == []
        assert "heartline_held_bytes 0.0" in client.get("/metrics").text
        assert outcomes(post(client, call(1))) == ["recorded"]


@pytest.mark.parametrize("path", ["/v1/observations?gateway=home", "/v1/engine/open", "/v1/heads"])
def test_who_leaves_before_all_is_sent_is_no_failure_of_ours(client: httpx.Client, path: str) -> None:
    split = urlsplit(str(client.base_url))
    with socket.create_connection((split.hostname, split.port)) as leaving:
        leaving.sendall(b"POST %b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\n{" % path.encode())
    route = path.partition("?")[0]
    left = f'heartline_http_requests_total{{method="POST",route="{route}",status="0"}} 1.0'
    while left not in (meters := client.get("/metrics").text):
        assert 'status="500"' not in meters


def test_what_is_wrong_is_said_without_repeating_all_of_it(client: httpx.Client) -> None:
    huge = "x" * 50_000
    answers = [
        client.get("/v1/streams", headers={"host": huge}),
        client.post("/v1/engine/open", json={"gateway": huge, "engine_key": "k"}),
        client.post("/v1/engine/skip-tick", json={"gateway": "g", "routing_key": "k", "tick_id": "t", "reason": huge}),
        client.post("/v1/tokens", json={"name": "n", "scope": "read", huge: 1}),
        client.get("/v1/state", params={"engine_key": "x" * 8_000}),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert len(answer.content) < 9_000, answer.text[:300]
    told = post(client, call(1, id=huge) + b"\n" + call(2, id=huge)).json()["lines"]
    assert [len(line["reason"] or "") < 3_000 for line in told] == [True, True]


def test_other_methods_are_refused_with_those_that_there_are(client: httpx.Client) -> None:
    for path, methods in (("/v1/heads", "GET, OPTIONS, POST"), ("/v1/events/1-1", "GET, OPTIONS")):
        answer = client.put(path)
        assert (answer.status_code, answer.headers["allow"]) == (405, methods)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/streams", "/v1/nothing"])
def test_a_head_is_that_of_the_answer(client: httpx.Client, path: str) -> None:
    head, answer = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (answer.status_code, b"")
    assert head.headers["content-length"] == answer.headers["content-length"]


def test_the_process_has_room_for_all_connections() -> None:
    resource = pytest.importorskip("resource")
    now, most = before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(now, 900), most))
        make_room(1_000)
        room, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert room == (1_000 + OTHER_FILES if most == resource.RLIM_INFINITY else min(1_000 + OTHER_FILES, most))
        make_room(10)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == room
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
