"""Whatever the description allows, and much that it does not: no server error, and an answer that it describes.

`HEARTLINE_EXAMPLES` asks for more of each, `HEARTLINE_SEED` for others.
"""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from infrastructure.http.app import Doors
from infrastructure.http.limits import Limits
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.schema import migrate
from infrastructure.ledger.verify import verify
from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from tests.databases import Server, own_database
from tests.infrastructure.http.conftest import served

EXAMPLES = int(os.environ.get("HEARTLINE_EXAMPLES", "4"))
SEED = os.environ.get("HEARTLINE_SEED")

CHECKS: Any = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    allow_header_conformance,
]

LINES = "application/x-ndjson"
TURN = ["assemble", "commit-turn"]
COMMANDS = ["open", "record-entries", *TURN, "fail-turn", "report-overflow", "compact", "maintain", "dispose"]

TEXTS = st.sampled_from(["", "a", "\x00", "é" * 300, "\ud800", "\\ud800", "😀", "HEARTBEAT_OK"])
NUMBERS = st.sampled_from([-1, 0, 1, 40, 2**31, 2**63 - 1, 2**63, 10**30, 1.5, -0.0])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "content", "x"]), inner),
    max_leaves=5,
)


def repeated(test: Callable[..., None], times: int = EXAMPLES) -> None:
    """Run a property so often, always with the same examples unless another seed is asked for."""
    bounded = settings(
        max_examples=times,
        derandomize=SEED is None,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        phases=[Phase.generate, Phase.shrink],
    )
    bounded(seed(int(SEED))(test) if SEED else test)()


@schemathesis.serializer(LINES)
def as_lines(_context: Any, value: Any) -> Any:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def kept(server: Server) -> Iterator[str]:
    """A ledger that holds the sample, for all tests here: each adds to it, and none minds what is there."""
    with own_database(server, "described") as conninfo:
        migrate(conninfo, 16)
        yield conninfo


@pytest.fixture(scope="module")
def address(kept: str) -> Iterator[str]:
    with served(kept, Doors(limits=Limits(live_seconds=0.1))) as url:  # or the live tail would have no end
        for path, recording in (("observations", LIFECYCLE), ("submissions", TRACE)):
            sent = httpx.post(f"{url}/v1/{path}?gateway=sample", content=recording.read_bytes(), timeout=60)
            assert sent.status_code == 200, sent.text
        yield url


def known(address: str) -> dict[str, list[Any]]:
    """What exists, by the names of the parameters and fields that want it."""
    with httpx.Client(base_url=address) as client:
        streams = client.get("/v1/streams").json()
        page = client.get("/v1/events").json()
        events = page["events"]
    contexts = [one["event_id"] for one in events if one["type"] in ("ContextAssembled", "PromptSubmitted")]
    keys = sorted({one["engine_key"] for one in streams})
    ticks = sorted({one["data"]["tick_id"] for one in events if one["data"].get("tick_id")})
    return {
        "gateway": ["sample", "sample", None],
        "engine_key": keys,
        "routing_key": sorted({one["routing_key"] for one in streams}),
        "session_id": sorted({one["session_id"] for one in streams if one["session_id"]}),
        "reference": [*contexts[:8], *keys, *(f"{key}#1" for key in keys)],
        "tick": ticks,
        "tick_id": ticks,
        "at": ["1", "3", "1h", "2026-11-23", events[5]["occurred_at"]],
        "since": ["2026-11-23", "9999d", events[3]["occurred_at"]],
        "until": ["2026-11-24", "1h", events[9]["occurred_at"]],
        "after": [page["cursor"], events[0]["cursor"], events[-1]["cursor"]],
        "type": [["ContextAssembled"], ["TickDispatched", "EngineOpened"]],
        "event_id": [one["event_id"] for one in events],
        "call": [1, 2],
        "submitted": [1],
    }


def meant(draw: Callable[[Any], Any], values: Any, there: dict[str, list[Any]]) -> None:
    """Put what exists in the place of what was made up, mostly."""
    if not isinstance(values, dict):
        return
    for name in list(values):
        if name in there and draw(st.integers(0, 3)):
            value = draw(st.sampled_from(there[name]))
            if value is None:
                del values[name]
            else:
                values[name] = value


@st.composite
def mutated_lines(draw: Callable[[Any], Any], lines: list[bytes]) -> bytes:
    """Some lines of a recording, of which a few say strange things."""
    made = []
    for line in draw(st.lists(st.sampled_from(lines), min_size=1, max_size=4)):
        told = json.loads(line)
        for _ in range(draw(st.integers(0, 3))):
            place = told
            while isinstance(place, dict) and place:
                name = draw(st.sampled_from(sorted(place)))
                inner = place[name]
                if isinstance(inner, dict) and inner and draw(st.booleans()):
                    place = inner
                elif isinstance(inner, list) and inner and isinstance(inner[-1], dict) and draw(st.booleans()):
                    place = inner[-1]
                else:
                    place[name] = draw(ANYTHING)
                    break
        whole = json.dumps(told, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
        cut = draw(st.integers(0, 12))
        made.append(whole[: len(whole) // 2] if cut == 0 else whole)
    return b"\n".join(made)


def test_every_operation_answers_as_it_is_described(address: str) -> None:
    there = known(address)
    recordings = {
        "POST /v1/observations": LIFECYCLE.read_bytes().splitlines(),
        "POST /v1/submissions": TRACE.read_bytes().splitlines(),
    }
    described: Any = schemathesis.openapi.from_url(f"{address}/schema")
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) >= 33
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.NEGATIVE and not (operation.query or operation.path_parameters or operation.body):
                continue  # there is nothing to be said wrongly

            @given(operation.as_strategy(mode), st.data())
            def holds(case: Case[Any], data: st.DataObject) -> None:
                meant(data.draw, case.query, there)
                meant(data.draw, case.path_parameters, there)
                meant(data.draw, case.body, there)
                if case.media_type == LINES and case.operation.label in recordings:
                    case.body = data.draw(mutated_lines(recordings[case.operation.label]))
                case.call_and_validate(checks=CHECKS)

            repeated(holds)


@st.composite
def messages(draw: Callable[[Any], Any]) -> dict[str, Any]:
    """A message as a runtime hands it over, mostly."""
    role = draw(st.sampled_from(["user", "assistant", "toolResult", "custom"]))
    content: Any = draw(st.sampled_from(["hi", "x" * 500, [{"type": "text", "text": "a"}]]))
    if role == "assistant" and draw(st.booleans()):
        content = [{"type": "toolCall", "id": draw(st.sampled_from(["c|1", "c_2", ""])), "name": "look"}]
    told = {"role": role, "content": content, "timestamp": draw(st.integers(1, 12))}
    if role == "toolResult":
        told["toolCallId"] = draw(st.sampled_from(["c|1", "c_2", "nobody"]))
    if not draw(st.integers(0, 9)):
        told[draw(st.sampled_from(sorted(told)))] = draw(ANYTHING)
    return told


@st.composite
def commands(draw: Callable[[Any], Any]) -> tuple[str, dict[str, Any]]:
    """A command for one of two engines, of which most are possible at some time."""
    # a turn is what most of a life consists of
    name = draw(st.sampled_from([*COMMANDS[:-1], *TURN, *TURN, *COMMANDS]))
    body: dict[str, Any] = {"session_id": draw(st.sampled_from(["s-1", "s-2"]))}
    match name:
        case "open":
            body["resume"] = draw(st.booleans())
        case "record-entries":
            body["messages"] = draw(st.lists(messages(), max_size=3))
        case "assemble":
            body |= {"budget": draw(st.sampled_from([0, 60, 300, 10**6])), "prompt": draw(st.sampled_from(["", "so?"]))}
        case "commit-turn":
            body |= {
                "advancement_key": draw(st.sampled_from("abcdef")),
                "messages": draw(st.lists(messages(), max_size=4)),
            }
        case "fail-turn" | "dispose":
            body["reason"] = "because"
        case "report-overflow":
            body |= {"tokens": draw(st.sampled_from([None, 10])), "budget": draw(st.sampled_from([None, 5]))}
        case "compact":
            body |= {
                "trigger": draw(st.sampled_from(["manual", "overflow"])),
                "force": draw(st.booleans()),
                "target_tokens": draw(st.sampled_from([None, 0, 50])),
                "first_kept": draw(st.sampled_from([None, None, 1, 3, 99])),
                "summary": draw(st.sampled_from([None, "they talked", "\ud800"])),
            }
    if draw(st.booleans()):
        body["delivery_id"] = draw(st.sampled_from([f"d-{number}" for number in range(12)]))
    if not draw(st.integers(0, 14)):
        body[draw(st.sampled_from(sorted(body)))] = draw(ANYTHING)
    return name, body


def test_engines_that_are_commanded_in_any_order_live_on_and_stay_provable(address: str, kept: str) -> None:
    life = iter(range(10**6))

    @given(st.lists(commands(), min_size=10, max_size=40))
    def lives(asked: list[tuple[str, dict[str, Any]]]) -> None:
        keys = {"gateway": "runtime", "engine_key": f"agent:main:{next(life)}"}
        done = 0
        for name, body in [("open", {"session_id": "s-1"}), *asked]:
            content = json.dumps(body).encode()
            answer = client.post(f"/v1/engine/{name}", params=keys, content=content)
            assert answer.status_code in (200, 400, 404, 409, 422), (name, body, answer.text)
            done += answer.status_code == 200
        assert done

    with httpx.Client(base_url=address) as client:
        repeated(lives, 3 * EXAMPLES)
    with Ledger.open(kept) as ledger:
        assert verify(ledger).ok
