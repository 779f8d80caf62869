import json
import logging
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from infrastructure.http.app import Doors
from infrastructure.http.limits import Limits
from infrastructure.service.logs import LOGGER, JsonFormatter
from tests.infrastructure.http.conftest import served

IMPATIENT = Limits(head=4_000, head_seconds=0.3, body_pause_seconds=0.3, linger_seconds=0.1, rate=0.001, burst=8)


@pytest.fixture
def impatient(database: str) -> Iterator[str]:
    with served(database, Doors(limits=IMPATIENT)) as its_url:
        yield its_url


def exchange(url: str, *pieces: bytes) -> bytes:
    """Send pieces as they are and read until the server closes the connection."""
    split = urlsplit(url)
    with socket.create_connection((split.hostname, split.port or 80), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        received = b""
        while more := connection.recv(65536):
            received += more
        return received


def test_a_foreign_host_neither_reads_nor_writes(client: httpx.Client) -> None:
    for method, path in (("GET", "/v1/streams"), ("POST", "/v1/observations"), ("GET", "/schema"), ("GET", "/healthz")):
        answer = client.request(method, path, headers={"host": "evil.example"})
        assert (answer.status_code, answer.json()["code"]) == (421, "foreign-host")


def test_a_page_elsewhere_neither_reads_nor_writes(client: httpx.Client) -> None:
    for method, path in (("GET", "/v1/streams"), ("POST", "/v1/observations"), ("OPTIONS", "/v1/observations")):
        answer = client.request(method, path, headers={"origin": "http://evil.example"})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign-origin")
        assert "access-control-allow-origin" not in answer.headers


def test_a_head_that_does_not_end_in_time_closes_its_connection(impatient: str) -> None:
    assert exchange(impatient, b"GET /healthz HTTP/1.1\r\nHost: 127") == b""


def test_a_head_that_is_too_long_is_refused(impatient: str) -> None:
    answer = exchange(impatient, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ", b"x" * 5_000)
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_body_that_pauses_too_long_is_answered_and_its_connection_closed(impatient: str) -> None:
    head = b"POST /v1/observations?gateway=home HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"
    answer = exchange(impatient, head, b'{"ts":')
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"too-slow"' in answer


def test_a_slow_client_does_not_keep_another_waiting(impatient: str) -> None:
    split = urlsplit(impatient)
    with socket.create_connection((split.hostname, split.port or 80), timeout=10) as slow:
        slow.sendall(b"POST /v1/observations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n{")
        assert httpx.get(f"{impatient}/healthz").status_code == 200


def test_who_asks_too_often_is_told_when_to_ask_again(impatient: str) -> None:
    with httpx.Client(base_url=impatient) as client:
        answers = [client.get("/healthz") for _ in range(12)]
    assert [answer.status_code for answer in answers[:8]] == [200] * 8
    assert {answer.status_code for answer in answers[8:]} == {429}
    assert answers[-1].headers["retry-after"] == "1"


def test_what_is_not_http_is_refused_and_the_service_goes_on(url: str) -> None:
    assert exchange(url, b"\x16\x03\x01\x02\x00 this is no http\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert httpx.get(f"{url}/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/v1/nothing", "/v2/streams", "/", "/v1/streams/%00"])
def test_an_unknown_path_is_a_problem(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_requests_are_logged_without_queries_contents_or_tokens(
    database: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LOGGER, "propagate", True)
    secret = {"gateway": "secret-gateway"}
    with caplog.at_level(logging.INFO, "heartline"), served(database) as url, httpx.Client(base_url=url) as client:
        bearing = {"authorization": "Bearer secret-token"}
        client.post("/v1/observations", params=secret, content=b'{"ts":"secret-text"}', headers=bearing)
        client.get("/v1/streams", params=secret)
    lines = [json.loads(JsonFormatter().format(record)) for record in caplog.records if record.name == "heartline"]
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["route"], line["status"]) for line in requests] == [("none", 401), ("/v1/streams", 404)]
    assert "secret" not in json.dumps(lines)


def test_metrics_count_requests_by_route_and_never_by_key(client: httpx.Client) -> None:
    client.get("/v1/streams", params={"gateway": "a-gateway"})
    text = client.get("/metrics").text
    assert 'heartline_http_requests_total{method="GET",route="/v1/streams",status="404"} 1.0' in text
    assert "heartline_database_up 1.0" in text
    assert "a-gateway" not in text
