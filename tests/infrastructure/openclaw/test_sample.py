"""The sample that ships with the project: it is what its script writes, and it shows the incident."""

import json
import os
import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from infrastructure.answers.audits import findings
from infrastructure.answers.library import Library
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.sample import write as script
from infrastructure.openclaw.sample.story import ALERT, LOOKS, QUIET
from infrastructure.openclaw.trace import SUBMITTED, decode_stage
from infrastructure.openclaw.wire import decode_call
from tests.infrastructure.embedded.support import PATHS, PROJECT

HEARTBEAT = "agent:main:main:heartbeat"

REPLAYED = (
    [0, 0, 0],
    [4, 4, 4],
    [8, 8, 8],
    [12, 12, 12, 0, 0],
    [4, 4, 4],
    [8, 8, 8],
    [12, 12, 12, 0, 0],
)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def ticks(lines: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The calls of each tick, in order."""
    own = [line for line in lines if line["params"].get("sessionKey") == HEARTBEAT]
    return [list(calls) for _session, calls in groupby(own, lambda line: line["params"]["sessionId"])]


def test_writing_it_again_changes_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {path.name: path.read_bytes() for path in (script.LIFECYCLE, script.TRACE)}
    monkeypatch.setattr(script, "LIFECYCLE", tmp_path / script.LIFECYCLE.name)
    monkeypatch.setattr(script, "TRACE", tmp_path / script.TRACE.name)
    script.write()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept


def test_it_depends_neither_on_the_clock_nor_on_the_place_nor_on_the_process() -> None:
    code = (
        "import hashlib; from infrastructure.openclaw.sample.write import sample;"
        "print(*[hashlib.sha256(content).hexdigest() for content in sample().values()])"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONPATH": PATHS, "PYTHONHASHSEED": seed, "TZ": zone},
            cwd=PROJECT,
            capture_output=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "Asia/Tokyo"), ("2", "America/Caracas"))
    }
    assert len(printed) == 1


def test_it_is_small_and_names_no_machine() -> None:
    content = script.LIFECYCLE.read_bytes() + script.TRACE.read_bytes()
    assert len(content) < 300_000
    paths = re.findall(rb'"(/[^"]*)"', content)
    assert paths
    assert all(path.startswith(b"/srv/agent/sample/") for path in paths)


def test_every_line_is_of_the_formats() -> None:
    calls = [decode_call(line) for line in script.LIFECYCLE.read_bytes().splitlines()]
    stages = [decode_stage(line) for line in script.TRACE.read_bytes().splitlines()]
    for ordered in (calls, stages):
        times = [one.at for one in ordered]
        assert times == sorted(times)
    assert not any(position.truncated or position.redacted for stage in stages for position in stage.positions)


def test_each_tick_replays_the_ticks_before_it_until_the_provider_overflows() -> None:
    found = ticks(read(script.LIFECYCLE))
    assert len(found) == len(LOOKS)
    replayed = [[len(call["result"]["messages"]) for call in calls if call["method"] == "assemble"] for calls in found]
    assert replayed == list(REPLAYED)
    overflows = [
        [call["params"]["runtimeContext"]["trigger"] for call in calls if call["method"] == "compact"]
        for calls in found
    ]
    assert overflows == [[], [], [], ["overflow"], [], [], ["overflow"]]


def test_the_calls_come_in_the_order_of_the_current_release() -> None:
    orders = [[call["method"] for call in calls] for calls in ticks(read(script.LIFECYCLE))]
    begun = ["bootstrap", "maintain", "assemble", "assemble", "assemble"]
    again = ["compact", "maintain", "bootstrap", "maintain", "assemble", "assemble"]
    ended = ["commitTurn", "maintain"]
    assert [order == [*begun, *ended] for order in orders] == [True, True, True, False, True, True, False]
    assert all(order in ([*begun, *ended], [*begun, *again, *ended]) for order in orders)


def test_the_prompt_grows_from_tick_to_tick_of_a_round() -> None:
    commits = [call for calls in ticks(read(script.LIFECYCLE)) for call in calls if call["method"] == "commitTurn"]
    first = [commit["params"]["messages"][1]["usage"]["input"] for commit in commits]
    assert first[:4] == sorted(set(first[:4]))
    assert first[4:] == sorted(set(first[4:]))
    assert first[4] < first[3]


def test_an_alert_of_one_tick_stands_in_the_contexts_of_the_next_ones_until_it_is_compacted_away() -> None:
    assert [look.reply for look in LOOKS].count(QUIET) == len(LOOKS) - 1
    holding: dict[str, bool] = {}
    for line in read(script.TRACE):
        if line["stage"] == SUBMITTED and line["sessionKey"] == HEARTBEAT:
            told = any(ALERT in json.dumps(message, ensure_ascii=False) for message in line["messages"])
            holding[line["sessionId"]] = told or holding.get(line["sessionId"], False)
    assert list(holding.values()) == [False, False, True, True, False, False, False]


def test_the_trace_holds_every_entry_that_was_assembled() -> None:
    stages = [line for line in read(script.TRACE) if line["sessionKey"] == HEARTBEAT]
    assert {line["stage"] for line in stages} == {"session:loaded", "prompt:before", SUBMITTED, "session:after"}
    for line in stages:
        assert line["messageCount"] == len(line["messages"]) == len(line["messageFingerprints"])
        assert line["messageRoles"] == [message["role"] for message in line["messages"]]
    counts = [line["messageCount"] for line in stages if line["stage"] == SUBMITTED]
    assert counts == [2, 4, 6, 8, 10, 12, 14, 16, 2, 6, 8, 10, 12, 14, 16, 2]


@pytest.mark.parametrize(
    ("trace", "expected"), [(script.TRACE, ("error", "found")), (None, ("warning", "unknown"))], ids=["traced", "alone"]
)
def test_the_audit_finds_the_shared_key_and_the_replayed_entries(
    ledger: Ledger, trace: Path | None, expected: tuple[str, str]
) -> None:
    importer = Importer(ledger, gateway="sample")
    imported = importer.import_recording(
        str(script.LIFECYCLE), lambda _bytes: None, None if trace is None else str(trace)
    )
    assert imported.rejected == []
    library = Library(ledger)
    library.refresh()
    found = {one.code: one for one in findings(library)}
    assert {"key-shared-across-ticks", "replayed-entries"} <= set(found)
    shared, replayed = found["key-shared-across-ticks"], found["replayed-entries"]
    assert (shared.severity, shared.status, shared.occurrences) == ("error", "found", 7)
    assert (replayed.severity, replayed.status) == expected
    listed = replayed.facts["contexts"]
    assert [one["replayed"] for one in listed] == [count for counts in REPLAYED for count in counts]
    if trace is not None:
        submitted = replayed.facts["submitted"]
        assert [one["replayed"] for one in submitted] == [0, 0, 4, 4, 8, 8, 12, 12, 0, 4, 4, 8, 8, 12, 12, 0]
        assert not any(one["unknown"] for one in submitted)
