"""What the events of the recordings say for read models: sizes of contexts, billed tokens, tools, transcripts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import astuple

from domain import events as fact
from domain.context import Chain
from domain.entries import Billed, Reference, Revision
from domain.sizes import Sizes
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from tests.shared import RECORDINGS, needs_recordings

pytestmark = needs_recordings

NAMES = sorted(path.name for path in RECORDINGS.glob("*/")) if RECORDINGS.is_dir() else []
GATEWAY = "recorded"


def streams(ledger: Ledger, name: str) -> Iterator[list[fact.Event]]:
    folder = RECORDINGS / name
    trace = str(folder / "cache-trace.jsonl")
    Importer(ledger, gateway=GATEWAY).import_recording(str(folder / "lifecycle.ndjson"), lambda _bytes: None, trace)
    with ledger.connection.cursor() as cursor:
        keys = cursor.execute("SELECT DISTINCT engine_key FROM heartline.events ORDER BY 1").fetchall()
    for (engine_key,) in keys:
        yield [fact.decode(row.payload) for row in ledger.stream(GATEWAY, str(engine_key))]


def revisions(events: list[fact.Event]) -> dict[Reference, Revision]:
    met = [event for event in events if isinstance(event, fact.EntriesRecorded)]
    return {one.reference: one for event in met for one in event.revisions}


def contexts(events: list[fact.Event]) -> Iterator[tuple[fact.ContextAssembled | fact.PromptSubmitted, Sizes, int]]:
    """Each context with its sizes and the tokens of all that it holds."""
    held = revisions(events)
    for kind in (fact.ContextAssembled, fact.PromptSubmitted):
        chain = Chain()
        for event in events:
            if isinstance(event, kind):
                chain = chain.extended(event.delta)
                assert event.sizes is not None
                yield event, event.sizes, sum(held[reference].tokens for reference in chain.last())


def calls(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (RECORDINGS / name / "lifecycle.ndjson").read_text().splitlines()]


def delivered(call: dict[str, Any]) -> list[dict[str, Any]]:
    params = call["params"]
    match call["method"]:
        case "commitTurn" | "ingestBatch":
            return list(params["messages"])
        case "afterTurn":
            return list(params["messages"][params["prePromptMessageCount"] :])
        case _:
            return []


@pytest.mark.parametrize("name", NAMES)
def test_the_sources_of_every_context_are_the_tokens_of_the_revisions_that_it_holds(ledger: Ledger, name: str) -> None:
    seen = 0
    for events in streams(ledger, name):
        for _event, sizes, tokens in contexts(events):
            assert sizes.history + sizes.summary + sizes.this_turn == tokens
            seen += 1
    assert seen > 0


@pytest.mark.parametrize("name", NAMES)
def test_what_was_billed_is_the_usage_of_all_delivered_replies(ledger: Ledger, name: str) -> None:
    usages = [one["usage"] for call in calls(name) for one in delivered(call) if one["role"] == "assistant"]
    expected = [sum(one[kind] for one in usages) for kind in ("input", "output", "cacheRead", "cacheWrite")]
    billed = [0, 0, 0, 0]
    for events in streams(ledger, name):
        held, counted = revisions(events), set[int]()
        for event in events:
            if not isinstance(event, fact.EntriesRecorded) or event.sighted != "delivered":
                continue
            for entry, revision in [*(one.reference for one in event.revisions), *event.again]:
                one = held[Reference(entry, revision)].billed
                if one is not None and entry not in counted:
                    counted.add(entry)
                    billed = [sum(pair) for pair in zip(billed, astuple(one), strict=True)]
    assert billed == expected
    assert sum(billed) > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_tools_of_every_delivered_message_are_recorded(ledger: Ledger, name: str) -> None:
    parts = [one for call in calls(name) for one in delivered(call) if one["role"] in ("assistant", "toolResult")]
    expected = [
        (one["toolName"],)
        if one["role"] == "toolResult"
        else tuple(part["name"] for part in one["content"] if part["type"] == "toolCall")
        for one in parts
    ]
    recorded = [
        one.tools
        for events in streams(ledger, name)
        for event in events
        if isinstance(event, fact.EntriesRecorded) and event.sighted == "delivered"
        for one in event.revisions
        if one.role in ("assistant", "toolResult")
    ]
    assert sorted(recorded) == sorted(expected)


def test_a_zeroed_usage_is_nobodys_bill(ledger: Ledger) -> None:
    """After a compaction the host hands the same replies over again with a usage of nothing."""
    (events, *_others) = streams(ledger, "latest-main-delegate")
    handed = [event for event in events if isinstance(event, fact.EntriesRecorded) and event.sighted == "history"]
    again = [one for event in handed for one in event.revisions if one.role == "assistant" and one.revision > 1]
    assert None in {one.billed for one in again}
    assert Billed() not in {one.billed for one in again}


@pytest.mark.parametrize(
    ("name", "assembled", "submitted"),
    [
        ("latest-main-delegate", {1323: 1}, {1350: 1}),
        ("may-main-delegate", {98: 6}, {125: 8}),
        ("may-iso-loop", {}, {}),
    ],
)
def test_the_summary_of_a_compaction_is_known_in_each_form_that_the_host_gives_it(
    ledger: Ledger, name: str, assembled: dict[int, int], submitted: dict[int, int]
) -> None:
    """The engine is handed a message of its own role; the model is told the same in a frame of 107 characters."""
    found: dict[type[fact.Event], dict[int, int]] = {fact.ContextAssembled: {}, fact.PromptSubmitted: {}}
    for events in streams(ledger, name):
        for event, sizes, _tokens in contexts(events):
            if sizes.summary:
                counts = found[type(event)]
                counts[sizes.summary] = counts.get(sizes.summary, 0) + 1
    assert found == {fact.ContextAssembled: assembled, fact.PromptSubmitted: submitted}


def test_the_incident_grows_by_history_and_by_nothing_else(ledger: Ledger) -> None:
    tick = [0, 0, 0]
    ticks = [tick, [1503] * 3, [3006] * 3, [4509] * 3 + [0, 0], [1503] * 3, [3006] * 3, [4509] * 3 + [0, 0]]
    (_main, events) = streams(ledger, "latest-iso-loop")
    sizes = [sizes for event, sizes, _tokens in contexts(events) if isinstance(event, fact.ContextAssembled)]
    assert [one.history for one in sizes] == [tokens for one in ticks for tokens in one]
    assert {(one.summary, one.this_turn) for one in sizes} == {(0, 0)}


def test_during_a_turn_the_prompt_and_what_followed_it_are_the_turns(ledger: Ledger) -> None:
    """May asks for a context before the prompt, after it, and after the tool's result."""
    (_main, events) = streams(ledger, "may-iso-loop")
    sizes = [sizes for event, sizes, _tokens in contexts(events) if isinstance(event, fact.ContextAssembled)]
    first, second, overflowed = sizes[0:3], sizes[3:6], sizes[6:11]
    assert [one.this_turn for one in (*first, *second)] == [0, 61, 1554, 0, 47, 1540]
    assert [one.history for one in (*first, *second)] == [0, 0, 0, 1557, 3114, 3114]
    assert [(one.history, one.this_turn) for one in overflowed] == [(3100, 0), (6200, 47), (0, 7), (0, 47), (0, 1540)]


@pytest.mark.parametrize(("name", "known"), [("may-iso-loop", 20), ("latest-iso-loop", 1), ("latest-iso-control", 0)])
def test_the_system_prompt_counts_where_the_trace_shows_it(ledger: Ledger, name: str, known: int) -> None:
    """The current host writes that it redacted it, most often. What tools were offered stands in no trace."""
    system: list[int | None] = []
    for line in (RECORDINGS / name / "cache-trace.jsonl").read_text().splitlines():
        stage = json.loads(line)
        if stage["stage"] == "stream:context" and not stage["system"].endswith("redacted]"):
            system.append(-(-len(stage["system"]) // 4))
    submitted = [
        sizes
        for events in streams(ledger, name)
        for event, sizes, _tokens in contexts(events)
        if isinstance(event, fact.PromptSubmitted)
    ]
    told = [one.system for one in submitted if one.system is not None]
    assert sorted(told) == sorted(one for one in system if one is not None)
    assert len(told) == known
    assert {one.tools for one in submitted} == {None}


@pytest.mark.parametrize("name", NAMES)
def test_transcripts_are_those_that_the_host_names(ledger: Ledger, name: str) -> None:
    told = (fact.EngineBootstrapped, fact.MaintenanceRecorded, fact.CompactionStarted, fact.TurnCommitted)
    expected: set[tuple[str, str]] = set()
    for call in calls(name):
        params = call["params"]
        where = (params.get("sessionTarget") or {}).get("storePath") or params.get("sessionFile")
        if where:
            expected.add((params["sessionId"], where))
    found = {
        (event.session_id, event.transcript)
        for events in streams(ledger, name)
        for event in events
        if isinstance(event, told) and event.transcript is not None
    }
    assert found == expected
    assert all(Path(where).is_absolute() for _session, where in found)
