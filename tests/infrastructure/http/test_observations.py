import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from infrastructure.http.app import Doors
from infrastructure.http.limits import Limits
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from tests.infrastructure.http.conftest import served

MAINTAIN = {"sessionId": "s-1", "sessionKey": "agent:main:main"}


def call(number: int, **named: Any) -> bytes:
    line = {"ts": f"2026-11-23T08:00:{number:02}.000Z", "method": "maintain", "params": MAINTAIN, "result": {}}
    return json.dumps({**line, **named}).encode()


def post(client: httpx.Client, body: bytes | Iterator[bytes], **options: Any) -> httpx.Response:
    headers = {"content-type": "application/x-ndjson", **options.pop("headers", {})}
    return client.post("/v1/observations", params={"gateway": "home"}, content=body, headers=headers, **options)


def outcomes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["outcome"] for one in answer.json()["lines"]]


def test_every_line_is_answered_recorded_duplicate_ignored_or_rejected(client: httpx.Client) -> None:
    factory = json.dumps({"ts": "2026-11-23T08:00:00Z", "method": "_factory", "params": {}}).encode()
    answer = post(client, b"\n".join([call(1), call(1), b"", factory, b"{no", call(2)]))
    assert outcomes(answer) == ["recorded", "duplicate", "ignored", "rejected", "recorded"]
    assert [one["line"] for one in answer.json()["lines"]] == [1, 2, 4, 5, 6]
    counts = {key: value for key, value in answer.json().items() if key != "lines"}
    assert counts == {"recorded": 2, "duplicates": 1, "ignored": 1, "rejected": 1, "events": 3}
    assert "not JSON" in answer.json()["lines"][3]["reason"]


def test_what_is_answered_is_in_the_ledger(client: httpx.Client, ledger: Ledger) -> None:
    assert outcomes(post(client, call(1))) == ["recorded"]
    assert [row.type for row in ledger.stream("home", "agent:main:main")] == ["EngineOpened", "MaintenanceRecorded"]
    assert verify(ledger).ok


def test_one_call_may_come_as_a_document_of_several_lines(client: httpx.Client) -> None:
    body = json.dumps(json.loads(call(1)), indent=2).encode()
    assert outcomes(post(client, body, headers={"content-type": "application/json"})) == ["recorded"]


def test_an_id_that_was_used_for_another_call_is_rejected_as_a_conflict(client: httpx.Client) -> None:
    assert outcomes(post(client, call(1, id="a"))) == ["recorded"]
    answer = post(client, call(2, id="a"))
    assert outcomes(answer) == ["rejected"]
    assert "delivery-conflict" in answer.json()["lines"][0]["reason"]


def test_a_call_may_name_its_gateway_and_one_that_no_one_names_is_rejected(client: httpx.Client) -> None:
    lines = b"\n".join([call(1, gateway="attic"), call(2), call(3, gateway="NOT ONE")])
    answer = client.post("/v1/observations", content=lines)
    assert outcomes(answer) == ["recorded", "rejected", "rejected"]
    assert {one["gateway"] for one in client.get("/v1/streams").json()} == {"attic"}


def test_a_long_recording_is_taken_as_it_arrives(client: httpx.Client) -> None:
    def body() -> Iterator[bytes]:
        for number in range(2_000):
            yield call(number % 60, id=f"call {number}") + b"\n"

    answer = post(client, body())
    assert set(outcomes(answer)) == {"recorded"}
    assert answer.json()["recorded"] == 2_000


def test_lines_are_split_wherever_the_network_cuts_them(client: httpx.Client) -> None:
    whole = b"\xef\xbb\xbf" + b"\r\n".join(call(number) for number in range(1, 6)) + b"\r\n"
    answer = post(client, (whole[at : at + 7] for at in range(0, len(whole), 7)))
    assert outcomes(answer) == ["recorded"] * 5


@pytest.fixture
def small(database: str) -> Iterator[httpx.Client]:
    limits = Limits(line=1_000, lines=3, held=4_000)
    with served(database, Doors(limits=limits)) as url, httpx.Client(base_url=url) as opened:
        yield opened


def test_a_line_that_is_too_long_is_rejected_and_its_neighbours_recorded(small: httpx.Client) -> None:
    answer = post(small, b"\n".join([call(1), b"x" * 5_000, call(2)]))
    assert outcomes(answer) == ["recorded", "rejected", "recorded"]
    assert answer.json()["lines"][1]["reason"] == "longer than 1000 bytes"


def test_a_document_that_is_too_long_is_refused(small: httpx.Client) -> None:
    answer = post(small, b" " * 1_001, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_more_lines_than_a_request_may_have_are_refused_and_the_first_are_recorded(small: httpx.Client) -> None:
    lines = b"\n".join(call(number) for number in range(1, 5))
    refused = post(small, lines)
    assert (refused.status_code, refused.json()["code"]) == (413, "too-large")
    assert outcomes(post(small, b"\n".join(lines.splitlines()[:3]))) == ["duplicate"] * 3


def test_a_call_nested_deeper_than_can_be_read_is_rejected_alone(client: httpx.Client) -> None:
    deep = b'{"ts":"2026-11-23T08:00:00Z","method":"maintain","params":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001
    assert outcomes(post(client, b"\n".join([call(1), deep, call(2)]))) == ["recorded", "rejected", "recorded"]


def test_a_trace_tells_whose_it_is(client: httpx.Client) -> None:
    answer = client.post("/v1/submissions", content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-line")
