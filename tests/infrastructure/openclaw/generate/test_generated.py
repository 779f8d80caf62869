"""What is generated: the same bytes every time, lines of the host's shapes, contexts that a sane engine gives."""

import gc
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from itertools import groupby
from typing import Any

import pytest

from infrastructure.openclaw.calls import Dispose, Factory
from infrastructure.openclaw.generate.engine import Entry
from infrastructure.openclaw.generate.gateway import MOST_OVER, Plan, generated
from infrastructure.openclaw.generate.script import Told
from infrastructure.openclaw.generate.tools import LEAST_CHARACTERS, MOST_CHARACTERS
from infrastructure.openclaw.generate.turn import MODEL, REPLY_TOKENS, SYSTEM_TOKENS
from infrastructure.openclaw.generate.words import vocabulary
from infrastructure.openclaw.wire import decode_call
from tests.infrastructure.embedded.support import PATHS, PROJECT

MOST_ENTRIES = 80
"""More than any context has: most have fewer than fifty entries."""


@cache
def told(plan: Plan) -> tuple[Told, ...]:
    return tuple(generated(plan))


@cache
def lines(bug: bool) -> list[dict[str, Any]]:
    return [json.loads(one.line) for one in told(Plan(6_000, 3, bug))]


def digest(plan: Plan) -> str:
    return hashlib.sha256(b"\n".join(one.line for one in told(plan))).hexdigest()


def test_the_bytes_depend_neither_on_the_process_nor_on_its_place_in_the_world() -> None:
    code = (
        "import hashlib; from infrastructure.openclaw.generate.gateway import Plan, generated;"
        "print(hashlib.sha256(b'\\n'.join(one.line for one in generated(Plan(1500, 5)))).hexdigest())"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONPATH": PATHS, "PYTHONHASHSEED": seed, "TZ": zone},
            cwd=PROJECT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()
        for seed, zone in (("1", "Asia/Tokyo"), ("2", "America/Caracas"))
    }
    assert printed == {digest(Plan(1_500, 5))}


def test_another_seed_and_the_bug_give_other_bytes_and_other_sessions() -> None:
    plans = (Plan(1_500, 5), Plan(1_500, 6), Plan(1_500, 5, bug=True))
    assert len({digest(plan) for plan in plans}) == len(plans)
    sessions = [{json.loads(one.line)["params"].get("sessionId") for one in told(plan)} - {None} for plan in plans]
    assert not sessions[0] & sessions[1]
    assert not sessions[0] & sessions[2]


@pytest.mark.parametrize("bug", [False, True])
@pytest.mark.parametrize("events", [1, 2, 11, 100, 999, 1_000, 2_501, 12_345])
def test_there_are_as_many_events_as_were_asked_for_or_a_few_more(events: int, bug: bool) -> None:
    for seed in range(3):
        count = sum(one.events for one in generated(Plan(events, seed, bug)))
        assert events <= count <= events + MOST_OVER


@pytest.mark.parametrize("bug", [False, True])
def test_every_line_is_of_the_format_and_they_come_in_the_order_of_time(bug: bool) -> None:
    plan = Plan(6_000, 3, bug)
    calls = [decode_call(one.line) for one in told(plan)]
    assert [call.at for call in calls] == [one.at * 1_000 for one in told(plan)]
    assert [call.at for call in calls] == sorted(call.at for call in calls)
    kinds = Counter(type(call.params) for call in calls)
    assert kinds[Factory] == kinds[Dispose]
    assert {line["method"] for line in lines(bug)} == {
        *("_factory", "bootstrap", "maintain", "assemble", "commitTurn", "compact", "dispose"),
        *("prepareSubagentSpawn", "onSubagentEnded"),
    }


@pytest.mark.parametrize("bug", [False, True])
def test_a_tick_calls_in_the_order_of_the_current_release(bug: bool) -> None:
    own = [line for line in lines(bug) if line["params"].get("sessionKey", "").endswith(":heartbeat")]
    own.sort(key=lambda line: line["params"]["sessionId"])  # stable: of agents that tick at the same time
    for _session, calls in groupby(own, lambda line: line["params"]["sessionId"]):
        order = [call["method"] for call in calls]
        assert order[:4] == ["bootstrap", "maintain", "assemble", "assemble"]
        assert order[-2:] == ["commitTurn", "maintain"]
        between = [method for method in order[4:-2] if method != "assemble"]
        assert between in ([], ["compact", "maintain", "bootstrap", "maintain"])
        assert bug or not between


def test_without_the_bug_every_isolated_tick_names_an_engine_of_its_own_and_begins_with_nothing() -> None:
    for line in lines(bug=False):
        params = line["params"]
        isolated = params.get("sessionKey", "").endswith(":heartbeat")
        key = f"{params['sessionKey']}-run:{params['sessionId']}" if isolated else None
        assert line.get("engine_key") == key
        if isolated and line["method"] == "assemble":
            assert (params["messages"], line["result"]["messages"]) == ([], [])


def test_with_the_bug_ticks_replay_each_other_until_the_provider_overflows_again_and_again() -> None:
    rounds: dict[str, list[int]] = {}
    before: dict[str, int] = {}
    for line in lines(bug=True):
        key = line["params"].get("sessionKey", "")
        if line["method"] != "assemble" or not key.endswith(":heartbeat"):
            continue
        count = len(line["result"]["messages"])
        if count < before.get(key, 0):
            rounds.setdefault(key, []).append(before[key])
            assert count == 0
        before[key] = count
    assert not any("engine_key" in line for line in lines(bug=True))
    assert max(map(len, rounds.values())) >= 2
    assert min(peak for peaks in rounds.values() for peak in peaks) >= 8


@pytest.mark.parametrize("bug", [False, True])
def test_contexts_grow_and_are_compacted_before_they_are_large(bug: bool) -> None:
    sizes: dict[str, list[int]] = {}
    for line in lines(bug):
        if line["method"] == "assemble":
            answer = line["result"]
            sizes.setdefault(line["params"]["sessionKey"], []).append(len(answer["messages"]))
            assert line["params"]["messages"] in ([], answer["messages"])
            characters = sum(_characters(message) for message in answer["messages"])
            assert answer["estimatedTokens"] == characters // 4
    talks = [counts for key, counts in sizes.items() if key.endswith(":main")]
    assert 20 < max(map(max, talks)) < MOST_ENTRIES
    assert max(map(max, sizes.values())) < MOST_ENTRIES
    triggers = {
        line["params"]["runtimeContext"]["trigger"]
        for line in lines(bug)
        if line["method"] == "compact" and line["params"]["sessionKey"].endswith(":main")
    }
    assert triggers == {"budget", "overflow", "manual"}


def test_a_compaction_leaves_its_summary_and_the_newest_whole_turns() -> None:
    summaries: dict[str, str] = {}
    seen = 0
    for line in lines(bug=False):
        params = line["params"]
        if line["method"] == "compact" and line["result"]["compacted"]:
            summaries[params["sessionKey"]] = line["result"]["result"]["summary"]
        elif line["method"] == "assemble" and (summary := summaries.get(params["sessionKey"])):
            first, *rest = line["result"]["messages"]
            assert (first["role"], first["summary"]) == ("compactionSummary", summary)
            assert not rest or rest[0]["role"] == "user"
            seen += 1
    assert seen


@pytest.mark.parametrize("bug", [False, True])
def test_usage_is_that_of_a_context_that_fits_the_window(bug: bool) -> None:
    usages = [
        message["usage"]
        for line in lines(bug)
        if line["method"] == "commitTurn"
        for message in line["params"]["messages"]
        if message["role"] == "assistant"
    ]
    assert all(SYSTEM_TOKENS < usage["input"] <= MODEL.window - REPLY_TOKENS for usage in usages)
    assert all(usage["totalTokens"] == usage["input"] + usage["output"] for usage in usages)


def test_tools_answer_at_some_length_and_few_words_are_common() -> None:
    results = [
        (message["toolName"], message["content"][0]["text"])
        for line in lines(bug=False)
        if line["method"] == "commitTurn"
        for message in line["params"]["messages"]
        if message["role"] == "toolResult" and message["toolName"] != "sessions_spawn"
    ]
    assert {name for name, _text in results} == {"read", "exec", "list", "web_search"}
    assert all(LEAST_CHARACTERS <= len(text) <= MOST_CHARACTERS for _name, text in results)
    found = Counter(word for _name, text in results for word in text.lower().split())
    common, rare = vocabulary()[:10], vocabulary()[-1_000:]
    assert len(set(vocabulary())) == len(vocabulary()) > 2_000
    assert min(found[word] for word in common) > 20 * max(found[word] for word in rare) > 0


def test_what_is_held_does_not_grow_with_what_is_generated() -> None:
    most = 0
    for number, _told in enumerate(generated(Plan(20_000, 1, bug=True))):
        if number % 2_000 == 0:
            most = max(most, sum(isinstance(one, Entry) for one in gc.get_objects()))
    contexts = 2 * Plan(20_000).at_once + 1  # a conversation and what is replayed of each, and what is under way
    assert 0 < most < contexts * MOST_ENTRIES


def _characters(message: dict[str, Any]) -> int:
    if "summary" in message:
        return len(message["summary"])
    content = message["content"]
    if isinstance(content, str):
        return len(content)
    return sum(
        len(part["text"] if "text" in part else json.dumps(part["arguments"], separators=(",", ":")))
        for part in content
    )
