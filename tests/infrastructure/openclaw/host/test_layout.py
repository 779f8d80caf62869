"""Which sources lie below a path."""

import gzip
import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from domain.errors import WrongUsage
from infrastructure.openclaw.host import layout as layouts
from infrastructure.openclaw.host import looking
from infrastructure.openclaw.host.identity import identities
from infrastructure.openclaw.host.layout import (
    Found,
    Layout,
    NothingRecognised,
    recognise,
    with_paths,
)
from tests.infrastructure.openclaw.host.mutations import CASES, mutated
from tests.shared import RECORDINGS, needs_recordings

SESSION = '{"type":"session","version":3,"id":"s"}\n'
STAGE = '{"runId":"r","ts":"2026-11-23T08:00:00Z","seq":1,"stage":"session:loaded"}\n'
CALL = '{"ts":"2026-11-23T08:00:00Z","method":"assemble","params":{"sessionId":"s"}}\n'
EVENT = '{"traceSchema":"openclaw-trajectory","type":"session.started"}\n'
LOGGED = '{"0":"{\\"subsystem\\":\\"gateway\\"}","1":"ready","_meta":{"logLevelName":"INFO"}}\n'


def put(root: Path, *names: str, text: str = "x") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def told(found: Layout, root: Path) -> list[tuple[str, str, str | None]]:
    return [(one.kind, os.path.relpath(one.path, root), one.agent) for one in found.found]


def test_a_state_folder_of_both_releases_is_recognised_whole(tmp_path: Path) -> None:
    put(
        tmp_path,
        "agents/main/agent/openclaw-agent.sqlite",
        "agents/main/agent/openclaw-agent.sqlite-wal",
        "agents/old/sessions/sessions.json",
        "agents/old/sessions/a.jsonl",
        "agents/old/sessions/a.trajectory.jsonl",
        "agents/archived/sessions/b.jsonl.reset.2026-02-23T12-34-56.000Z.zst",
        "agents/none/agent/auth-profiles.json",
        "logs/cache-trace.jsonl",
        "logs/cache-trace.jsonl.2.gz",
        "logs/cache-trace.jsonl.10",
        "logs/gateway.log",
        "logs/commands.log",
        "logs/plugin.lifecycle.ndjson",
        "lifecycle.ndjson",
        "openclaw.json",
        "moltbot.json",
        "identity/device.json",
        "state/openclaw.sqlite",
    )
    found = recognise(tmp_path)
    assert told(found, tmp_path) == [
        ("sessions", "agents/archived/sessions", "archived"),
        ("store", "agents/main/agent/openclaw-agent.sqlite", "main"),
        ("sessions", "agents/old/sessions", "old"),
        ("trajectory", "agents/old/sessions/a.trajectory.jsonl", "old"),
        ("lifecycle", "lifecycle.ndjson", None),
        ("trace", "logs/cache-trace.jsonl.10", None),
        ("trace", "logs/cache-trace.jsonl.2.gz", None),
        ("trace", "logs/cache-trace.jsonl", None),
        ("lifecycle", "logs/plugin.lifecycle.ndjson", None),
        ("gateway-log", "logs/gateway.log", None),
        ("configuration", "openclaw.json", None),
        ("identity", "identity/device.json", None),
        ("state", "state/openclaw.sqlite", None),
    ]
    assert found.problems == ()


@needs_recordings
@pytest.mark.parametrize("recording", sorted(path.name for path in RECORDINGS.glob("*-*")))
def test_the_parts_may_lie_directly_inside(recording: str) -> None:
    found = recognise(RECORDINGS / recording)
    first = ("sessions", "sessions") if recording.startswith("may") else ("store", "openclaw-agent.sqlite")
    assert told(found, RECORDINGS / recording) == [
        (*first, None),
        ("trace", "cache-trace.jsonl", None),
        ("lifecycle", "lifecycle.ndjson", None),
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("agents", [("store", "agents/m/agent/openclaw-agent.sqlite", "m"), ("sessions", "agents/m/sessions", "m")]),
        ("agents/m", [("store", "agents/m/agent/openclaw-agent.sqlite", "m"), ("sessions", "agents/m/sessions", "m")]),
        ("agents/m/agent", [("store", "agents/m/agent/openclaw-agent.sqlite", "m")]),
        ("agents/m/sessions", [("sessions", "agents/m/sessions", "m")]),
        ("agents/m/sessions/sessions.json", [("sessions", "agents/m/sessions", "m")]),
        ("agents/m/sessions/a.jsonl", [("transcript", "agents/m/sessions/a.jsonl", "m")]),
    ],
)
def test_a_part_of_a_state_folder_knows_its_agent(
    tmp_path: Path, given: str, expected: list[tuple[str, str, str | None]]
) -> None:
    put(tmp_path, "agents/m/agent/openclaw-agent.sqlite", "agents/m/sessions/sessions.json")
    put(tmp_path, "agents/m/sessions/a.jsonl", text=SESSION)
    assert told(recognise(tmp_path / given), tmp_path) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SESSION, "transcript"),
        (STAGE, "trace"),
        (CALL, "lifecycle"),
        (EVENT, "trajectory"),
        (LOGGED, "gateway-log"),
        ("2026-11-23 [gateway] ready\n", "gateway-log"),
        ("SQLite format 3\x00", "store"),
        (f"\n  \n{CALL}", "lifecycle"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_single_file_is_known_by_how_it_begins(tmp_path: Path, text: str, kind: str, packed: bool) -> None:
    path = tmp_path / "some-copy"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    assert told(recognise(path), tmp_path) == [(kind, "some-copy", None)]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a":1}', '{"method":"x"}', "\x1f\x8b\x08", "[" * 100_000, "\ufeff"])
def test_a_file_of_another_kind_is_not_recognised(tmp_path: Path, text: str) -> None:
    (tmp_path / "one.jsonl").write_text(text, encoding="latin-1" if text.startswith("\x1f") else "utf-8")
    with pytest.raises(NothingRecognised):
        recognise(tmp_path / "one.jsonl")
    with pytest.raises(NothingRecognised):
        recognise(tmp_path)


def test_a_folder_of_transcripts_is_one_of_sessions(tmp_path: Path) -> None:
    put(tmp_path, "0.jsonl", text="{}\n")
    put(tmp_path, "a.jsonl", text=SESSION)
    assert told(recognise(tmp_path), tmp_path) == [("sessions", ".", None)]


def test_what_is_not_recognised_says_what_was_looked_for_and_what_lies_near(tmp_path: Path) -> None:
    put(tmp_path, ".openclaw/openclaw.json", "backup/agents/main/sessions/sessions.json", "pictures/a.png")
    with pytest.raises(NothingRecognised) as raised:
        recognise(tmp_path)
    assert isinstance(raised.value, WrongUsage)
    assert raised.value.code == "nothing-recognised"
    for said in (str(tmp_path), "in .openclaw, backup:", "openclaw-agent.sqlite", "OPENCLAW_STATE_DIR"):
        assert said in str(raised.value)


@pytest.mark.parametrize("path", ["missing", "nul\x00", "a" * 5_000])
def test_a_path_that_is_not_there_is_wrong_usage(tmp_path: Path, path: str) -> None:
    with pytest.raises(WrongUsage, match="can't be read"):
        recognise(tmp_path / path)


def test_links_in_circles_and_pipes_are_told_and_the_rest_is_found(tmp_path: Path) -> None:
    put(tmp_path, "agents/main/agent/openclaw-agent.sqlite")
    (tmp_path / "logs").mkdir()
    os.mkfifo(tmp_path / "logs" / "cache-trace.jsonl")
    (tmp_path / "agents" / "circle").symlink_to("circle")
    (tmp_path / "agents" / "again").symlink_to("main")
    (tmp_path / "agents" / "self").symlink_to(".")
    (tmp_path / "openclaw.json").symlink_to("openclaw.json")
    found = recognise(tmp_path)
    assert told(found, tmp_path) == [("store", "agents/again/agent/openclaw-agent.sqlite", "again")]
    told_of = {os.path.relpath(problem.path, tmp_path) for problem in found.problems}
    assert {"logs/cache-trace.jsonl", "openclaw.json", "agents/circle/sessions"} <= told_of


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_an_unreadable_folder_is_told(tmp_path: Path) -> None:
    put(tmp_path, "agents/main/sessions/sessions.json", "openclaw.json")
    (tmp_path / "agents" / "main").chmod(0)
    found = recognise(tmp_path)
    (tmp_path / "agents" / "main").chmod(0o700)
    assert [one.kind for one in found.found] == ["configuration"]
    assert found.problems


def test_only_so_many_names_are_looked_at_and_that_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "openclaw.json", *(f"agents/{n}/sessions/sessions.json" for n in range(5)))
    monkeypatch.setattr(layouts, "MOST_AGENTS", 3)
    found = recognise(tmp_path)
    assert [one.agent for one in found.of("sessions")] == ["0", "1", "2"]
    assert "more than 3 agents" in found.problems[0].reason
    monkeypatch.setattr(looking, "MOST_NAMES", 2)
    found = recognise(tmp_path)
    assert len(found.of("sessions")) == 2
    assert "more than 2 names" in found.problems[0].reason


def test_names_that_are_not_utf_8_are_found_and_told_legibly(tmp_path: Path) -> None:
    agent = Path(os.fsdecode(os.fsencode(tmp_path) + b"/agents/\xff"))
    put(agent, "sessions/sessions.json")
    os.mkfifo(agent / "sessions" / "a.trajectory.jsonl")
    found = recognise(tmp_path)
    assert [one.agent for one in found.found] == ["\\udcff"]
    assert Path(found.found[0].path).is_dir()
    assert json.dumps(found.problems[0].path).isascii()
    found.problems[0].path.encode()


def test_what_a_configuration_names_elsewhere_is_added_once(tmp_path: Path) -> None:
    put(tmp_path, "state/openclaw.json", "state/logs/cache-trace.jsonl", "own/trace.jsonl", "own/trace.jsonl.1")
    put(tmp_path, "tmp/openclaw-2026-11-22.log", "tmp/openclaw-2026-11-23.log", "tmp/openclaw-2026-11-23.1.log")
    put(tmp_path, "tmp/openclaw-2026-11-23.2.log", "tmp/other.log", "own/heart.log", "moved/sessions.json")
    found = with_paths(
        recognise(tmp_path / "state"),
        sessions=[tmp_path / "moved"],
        traces=[tmp_path / "own" / "trace.jsonl", tmp_path / "state" / "logs" / "cache-trace.jsonl"],
        logs=[tmp_path / "tmp", tmp_path / "own" / "heart.log", tmp_path / "missing"],
    )
    assert told(found, tmp_path) == [
        ("trace", "state/logs/cache-trace.jsonl", None),
        ("configuration", "state/openclaw.json", None),
        ("sessions", "moved", None),
        ("trace", "own/trace.jsonl.1", None),
        ("trace", "own/trace.jsonl", None),
        ("gateway-log", "tmp/openclaw-2026-11-22.log", None),
        ("gateway-log", "tmp/openclaw-2026-11-23.2.log", None),
        ("gateway-log", "tmp/openclaw-2026-11-23.1.log", None),
        ("gateway-log", "tmp/openclaw-2026-11-23.log", None),
        ("gateway-log", "own/heart.log", None),
    ]
    assert found.problems == ()


def test_kinds_are_asked_for_in_the_order_of_the_layout() -> None:
    found = Layout("r", (Found("trace", "a"), Found("store", "b"), Found("trace", "c")))
    assert [one.path for one in found.of("trace", "store")] == ["a", "b", "c"]
    assert [one.path for one in found.of("lifecycle")] == []


@pytest.mark.crash
def test_broken_files_are_recognised_or_not_and_never_raise(tmp_path: Path) -> None:
    path = tmp_path / "one"
    device = tmp_path / "identity" / "device.json"
    device.parent.mkdir()
    for text in (SESSION, STAGE, CALL, EVENT, LOGGED):
        for _, data in mutated(text.encode(), f"layout {text[:12]}", CASES // 5):
            path.write_bytes(gzip.compress(data) if len(data) % 7 == 0 else data)
            device.write_bytes(data)
            (tmp_path / "lifecycle.ndjson").write_bytes(data)
            with suppress(NothingRecognised):
                assert recognise(path).found
            found = recognise(tmp_path)
            assert [one.kind for one in found.found][-1] == "identity"
            identities(found, lambda path, query: [[path, query]])
