"""Questions that take long keep nobody waiting but those who ask them."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import psycopg
import pytest

from infrastructure.access.tokens import create_token
from infrastructure.ledger.ledger import Ledger

QUESTIONS = ["/v1/findings", "/v1/streams", "/v1/state?engine_key=k"] * 8
"""More than there are libraries and threads for."""


@contextmanager
def nothing_answered(database: str) -> Iterator[Callable[[], int]]:
    """Hold what every question reads, and no recording does; lend a count of the questions that wait for it."""

    def waiting() -> int:
        found = holder.execute("select count(*) from pg_locks where not granted").fetchone()
        return found[0] if found else 0

    with psycopg.connect(database) as holder:
        holder.execute("lock table heartline_projections.engines_1 in access exclusive mode")
        yield waiting
        holder.rollback()


def line(number: int, size: int) -> bytes:
    params = {"sessionId": "s-1", "sessionKey": "agent:main:main", "more": "x" * size}
    told = {"ts": f"2026-11-23T08:00:{number:02}Z", "method": "maintain", "params": params, "result": {}}
    return json.dumps(told).encode()


@pytest.fixture
def bearing(ledger: Ledger) -> dict[str, str]:
    _token, text = create_token(ledger.connection, "recorder", "write", "home")
    return {"authorization": f"Bearer {text}"}


def test_recording_and_the_watchers_go_on_however_many_ask(url: str, database: str, bearing: dict[str, str]) -> None:
    with httpx.Client(base_url=url, timeout=60) as asking, ThreadPoolExecutor(len(QUESTIONS)) as threads:
        with nothing_answered(database) as waiting, httpx.Client(base_url=url, timeout=5) as client:
            asked = [threads.submit(asking.get, question) for question in QUESTIONS]
            while waiting() < 2:
                pass
            for number in range(20):
                size = 300_000 if number % 4 == 0 else 10
                answer = client.post("/v1/observations", content=line(number, size), headers=bearing)
                assert (answer.status_code, answer.json().get("recorded")) == (200, 1), answer.text
                assert client.get("/healthz").status_code == 200
                assert client.get("/readyz").status_code == 200
        assert {one.result().status_code for one in asked} <= {200, 404, 503}
