"""Proving over HTTP: verification against a file, heads, gateways, and what OpenAPI says of all routes."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from infrastructure.ledger.checkpoint import append_checkpoint
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.sample.write import LIFECYCLE
from infrastructure.service.long_questions import LongQuestions, TooBusy

STREAMED = {"/v1/backup": "application/octet-stream", "/v1/live": "text/event-stream"}


def test_a_whole_file_of_checkpoints_or_its_last_lines_prove_up_to_the_last(
    client: httpx.Client, ledger: Ledger, tmp_path: Path
) -> None:
    file = tmp_path / "checkpoints"
    for gateway in ("one", "two", "three"):
        Importer(ledger, gateway=gateway).import_recording(str(LIFECYCLE), lambda _bytes: None)
        append_checkpoint(ledger, file)
    lines = file.read_bytes().splitlines(keepends=True)
    assert len(lines) == 3
    for body in (file.read_bytes(), b"".join(lines[1:]), lines[2]):
        answer = client.post("/v1/verification", content=body)
        assert (answer.status_code, answer.json()["ok"]) == (200, True)
    for body in (lines[0] + lines[2], lines[2].rstrip(), lines[2].replace(b'"position":', b'"position":1', 1)):
        answer = client.post("/v1/verification", content=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "checkpoint-unusable")


def test_chains_are_told_where_they_stand_and_null_elsewhere(client: httpx.Client, ledger: Ledger) -> None:
    Importer(ledger, gateway="one").import_recording(str(LIFECYCLE), lambda _bytes: None)
    heads = client.get("/v1/heads").json()
    last = max(heads["partitions"], key=lambda one: one["position"])
    asked = [{"partition": last["partition"], "position": last["position"] + more} for more in (0, 1)]
    told = client.post("/v1/heads", json={"at": asked}).json()
    assert told == {**heads, "at": [last, {**asked[1], "chain": None}]}


def test_a_source_keeps_the_name_that_it_was_given_first(client: httpx.Client) -> None:
    def named(source: str, proposed: str) -> str:
        answer = client.post("/v1/gateways", json={"source": source * 64, "proposed": proposed})
        assert answer.status_code == 200
        name: str = answer.json()["gateway"]
        return name

    assert named("a", "one") == "one"
    assert named("a", "two") == "one"
    assert named("b", "one") == f"recording-{'b' * 32}"
    assert named("b", "three") == named("b", "four")


def test_long_questions_take_turns_and_leave_room_for_others() -> None:
    questions = LongQuestions(at_once=1, wait_seconds=0.01)

    async def ask() -> None:
        async with questions.turn():
            with pytest.raises(TooBusy, match="try again"):
                async with questions.turn():
                    pass
        async with questions.turn():
            pass

    asyncio.run(ask())


def test_every_route_is_described_with_its_parameters_answers_and_problems(client: httpx.Client) -> None:
    described: dict[str, Any] = client.get("/schema").json()
    schemas = described["components"]["schemas"]
    paths = {path: ways for path, ways in described["paths"].items() if path.startswith("/v1/")}
    operations = [(path, way, one) for path, ways in paths.items() for way, one in ways.items()]
    assert len(operations) >= 12
    for path, way, operation in operations:
        assert operation["summary"], path
        assert operation["description"], path
        responses = operation["responses"]
        content = (responses.get("200") or responses["201"])["content"]
        if path in STREAMED:
            assert set(content) == {STREAMED[path]}
        else:
            answer = content["application/json"]["schema"]
            assert "$ref" in answer or "$ref" in answer["items"], path
        for status in ("400", "503"):
            assert "application/problem+json" in operation["responses"][status]["content"], path
        assert all(parameter["schema"] and parameter["description"] for parameter in operation.get("parameters", []))
        assert way != "post" or operation["requestBody"]["content"], path
    assert set(schemas["EventAnswer"]["required"]) == set(schemas["EventAnswer"]["properties"])
    content = described["paths"]["/v1/events"]["get"]["responses"]["200"]["content"]
    assert set(content) == {"application/json", "application/x-ndjson"}
