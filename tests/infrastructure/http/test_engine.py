import json
from typing import Any

import httpx
import pytest

from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify

KEYS = {"gateway": "home", "engine_key": "agent:main:main:heartbeat-run:s-1"}


class Runtime:
    """A runtime that speaks for one session of one engine."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.clock = 1_795_423_012_000

    def ask(self, command: str, **fields: Any) -> httpx.Response:
        body = {"session_id": "s-1", **fields} if command != "dispose" else fields
        return self.client.post(f"/v1/engine/{command}", params=KEYS, json=body)

    def does(self, command: str, **fields: Any) -> dict[str, Any]:
        answer = self.ask(command, **fields)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def message(self, role: str, content: Any, **fields: Any) -> dict[str, Any]:
        self.clock += 1
        return {"role": role, "content": content, "timestamp": self.clock, **fields}

    def turn(self, number: int, text: str) -> None:
        self.does("assemble", budget=100_000, prompt=text)
        said = [self.message("user", text), self.message("assistant", f"answer {number}")]
        self.does("commit-turn", advancement_key=f"turn {number}", messages=said)


@pytest.fixture
def runtime(client: httpx.Client) -> Runtime:
    return Runtime(client)


def test_a_tick_lives_from_open_to_dispose(runtime: Runtime, ledger: Ledger) -> None:
    assert runtime.does("open")["phase"] == "idle"
    for number in range(6):
        runtime.turn(number, f"question {number} " + "x" * 400)
    before = runtime.does("assemble", budget=100_000, prompt="what now?")
    assert [message["role"] for message in before["messages"]] == ["user", "assistant"] * 6
    assert runtime.does("report-overflow", tokens=1_000, budget=800)["phase"] == "overflowed"
    compacted = runtime.does("compact", trigger="overflow", target_tokens=300, summary="they talked")
    assert compacted["compacted"]
    after = runtime.does("assemble", budget=500, prompt="what now?")
    assert after["messages"][0]["role"] == "summary"
    assert after["tokens"] <= 300
    assert after["epoch"] != before["epoch"]
    assert runtime.does("fail-turn", reason="the provider went away")["phase"] == "idle"
    assert not runtime.does("maintain")["changed"]
    assert runtime.does("dispose", reason="the tick is over")["phase"] == "closed"
    assert verify(ledger).ok


def test_assembly_is_deterministic_and_keeps_the_newest_whole_turns(runtime: Runtime) -> None:
    runtime.does("open")
    for number in range(5):
        runtime.turn(number, f"question {number} " + "x" * 400)
    first = runtime.does("assemble", budget=250)
    again = runtime.does("assemble", budget=250)
    assert [message["content"][:10] for message in first["messages"]] == [
        "question 3",
        "answer 3",
        "question 4",
        "answer 4",
    ]
    assert (first["digest"], first["tokens"], first["epoch"]) == (again["digest"], again["tokens"], again["epoch"])


def test_a_commit_under_the_same_key_is_answered_as_a_duplicate_and_written_once(runtime: Runtime) -> None:
    runtime.does("open")
    runtime.does("assemble", budget=1_000, prompt="hello")
    said = [runtime.message("user", "hello"), runtime.message("assistant", "hi")]
    first = runtime.does("commit-turn", advancement_key="a", messages=said)
    again = runtime.does("commit-turn", advancement_key="a", messages=said)
    assert (first["status"], again["status"]) == ("committed", "duplicate")
    assert again["version"] == first["version"]
    other = runtime.ask("commit-turn", advancement_key="a", messages=[runtime.message("user", "something else")])
    assert (other.status_code, other.json()["code"]) == (409, "advancement-conflict")


def test_what_the_rules_forbid_is_refused_and_nothing_is_written(runtime: Runtime, ledger: Ledger) -> None:
    assert runtime.ask("assemble", budget=10).json()["code"] == "illegal-transition"
    assert ledger.version(*KEYS.values()) is None
    runtime.does("open")
    refused = runtime.ask("commit-turn", advancement_key="a", messages=[])
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal-transition")
    assert ledger.version(*KEYS.values()) == 1


def test_a_context_that_cannot_fit_is_refused(runtime: Runtime) -> None:
    runtime.does("open")
    refused = runtime.ask("assemble", budget=10, prompt="x" * 1_000)
    assert (refused.status_code, refused.json()["code"]) == (422, "budget-exceeded")


def test_messages_come_back_as_the_bytes_that_were_sent(runtime: Runtime) -> None:
    exact = b'{ "role":"user", "content":"\\u00e9 \\ud800 \\u0000", "timestamp":1795423012001, "x": 1e0 }'
    runtime.does("open")
    body = b'{"session_id":"s-1","messages":[' + exact + b"]}"
    recorded = runtime.client.post("/v1/engine/record-entries", params=KEYS, content=body)
    assert recorded.status_code == 200, recorded.text
    assembled = runtime.client.post("/v1/engine/assemble", params=KEYS, json={"session_id": "s-1", "budget": 100})
    assert exact in assembled.content


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "`session_id` is missing"),
        (b"{no", "not JSON"),
        (b"[]", "should be an object"),
        (b'{"session_id":"s-1"}', "`budget` is missing"),
        (b'{"session_id":"s-1","budget":-1}', "`budget`"),
        (b'{"session_id":"s-1","budget":1,"engine_key":"another"}', "`engine_key` is one thing in the query"),
        (b'{"session_id":"s-1","budget":1,"at":"yesterday"}', "`at` is no time"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "nested deeper"),
    ],
)
def test_a_request_that_cannot_be_read_says_which_field_is_wrong(runtime: Runtime, body: bytes, reason: str) -> None:
    answer = runtime.client.post("/v1/engine/assemble", params=KEYS, content=body)
    assert answer.status_code == 400, answer.text
    assert reason in answer.json()["detail"]


def test_a_request_with_a_delivery_id_is_done_once_and_answered_the_same(runtime: Runtime, ledger: Ledger) -> None:
    runtime.does("open")
    message = runtime.message("user", "once")
    first = runtime.does("record-entries", messages=[message], delivery_id="d-1")
    assert runtime.does("record-entries", messages=[message], delivery_id="d-1") == first
    assert ledger.version(*KEYS.values()) == first["version"]
    other = runtime.ask("record-entries", messages=[runtime.message("user", "twice")], delivery_id="d-1")
    assert (other.status_code, other.json()["code"]) == (409, "delivery-conflict")


def test_a_tick_is_dispatched_in_its_routing_keys_stream_and_settled(client: httpx.Client) -> None:
    tick = {"gateway": "home", "routing_key": "agent:main:main:heartbeat"}
    asked = {**tick, "session_id": "s-1", "engine_key": KEYS["engine_key"]}
    dispatched = client.post("/v1/engine/dispatch-tick", json=asked).json()
    assert dispatched["tick_id"] == "agent:main:main:heartbeat@s-1"
    settled = client.post(
        "/v1/engine/settle-tick", json={**tick, "tick_id": dispatched["tick_id"], "outcome": "ok-token"}
    )
    assert settled.status_code == 200, settled.text
    skipped = client.post("/v1/engine/skip-tick", json={**tick, "tick_id": "t", "reason": "quiet-hours"})
    assert json.loads(skipped.content)["version"] == 4
