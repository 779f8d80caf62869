"""Sessions' files that were broken at random: nothing crashes, and no line is lost without a word."""

import json
from pathlib import Path

import pytest

from infrastructure.openclaw.host.may.sessions import SessionFolder
from infrastructure.openclaw.host.may.ticks import POLL
from infrastructure.openclaw.host.may.trajectory_files import TrajectoryFile
from infrastructure.openclaw.host.may.transcript_files import TranscriptFile
from infrastructure.openclaw.host.records import Problem, Record, Run, SessionWindow, TranscriptMessage
from infrastructure.openclaw.host.transcripts import WORDLESS
from infrastructure.openclaw.lines import read_lines
from infrastructure.openclaw.lossless import legible
from infrastructure.openclaw.messages import decode_message
from tests.infrastructure.openclaw.host.lines import OTHER, SESSION, encoded, entry, event, header, said, written
from tests.infrastructure.openclaw.host.mutations import mutated

pytestmark = pytest.mark.crash

TOLD = ("message", "custom_message", "branch_summary", "compaction")

TRANSCRIPT = b"\n".join(
    (
        header(),
        entry("model_change", 0, -1),
        said(1),
        said(2, role="assistant", text="\U0001f600 \\ud800"),
        entry("custom_message", 3, customType="openclaw.runtime-context", content="poll", display=False, details={}),
        said(4, parent=2),
        entry("compaction", 5, summary="short", firstKeptEntryId="e2", tokensBefore=7),
        entry("branch_summary", 6, summary="tried", fromId="e3"),
        entry("leaf", 7, targetId="e5"),
        entry("dream", 8, 5),
        said(9, text="x" * 3_000),
        b"",
    )
)

EVENTS = (
    b"\n".join(
        line
        for run in ("a", "b")
        for line in (
            event("session.started", 1, run, trigger="heartbeat"),
            event("trace.metadata", 2, run, harness={"version": "1"}, config={"redacted": {"plugins": {}}}),
            event("context.compiled", 3, run, systemPrompt="abc", messages=[1, {"truncated": True, "reason": "x"}]),
            event("prompt.submitted", 4, run, prompt="wake"),
            event("model.completed", 5, run, usage={"input": 1, "total": 2}, compactionCount=0),
            event("session.ended", 6, run, status="success"),
            b"",
        )
        if line
    )
    + b"\n"
)

MAP = encoded(
    {
        "agent:main:main": {
            "sessionId": SESSION,
            "sessionFile": f"/a/{SESSION}.jsonl",
            "updatedAt": 1795423162000,
            "usageFamilySessionIds": [OTHER],
            "compactionCheckpoints": [{"preCompaction": {"sessionId": OTHER}}],
            "totalTokens": 5,
        },
        "agent:main:main:heartbeat": {"sessionId": "t", "heartbeatIsolatedBaseSessionKey": "agent:main:main"},
    }
)


def kinds(path: Path) -> list[tuple[int, str | None]]:
    """The number of each line, and its kind, as another reader of JSON has it; None if it can't read it."""
    with path.open("rb") as stream:
        return [(line.number, kind_of(line.content or b"")) for line in read_lines(stream)]


def kind_of(content: bytes) -> str | None:
    try:
        kind = json.loads(content.decode())["type"]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return None
    return kind if isinstance(kind, str) else None


def places(records: list[Record]) -> set[int | None]:
    return {record.number if isinstance(record, Problem) else record.place.number for record in records}


def unknown(records: list[Record]) -> bool:
    return any(isinstance(record, Problem) and "unknown kind" in record.reason for record in records)


def test_each_line_of_a_broken_transcript_is_told_or_a_problem_or_wordless(tmp_path: Path) -> None:
    path = tmp_path / f"{SESSION}.jsonl"
    for _, broken in mutated(TRANSCRIPT, "transcripts"):
        path.write_bytes(broken)
        records: list[Record] = list(TranscriptFile(path).records())
        told = places(records)
        assert all(decode_message(one.raw).role for one in records if isinstance(one, TranscriptMessage))
        for number, kind in kinds(path):
            assert number in told or kind in WORDLESS or (kind not in TOLD and kind is not None and unknown(records))


def test_a_broken_transcript_is_read_on_as_it_is_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / f"{SESSION}.jsonl"
    for random, broken in mutated(TRANSCRIPT, "growing transcripts"):
        path.write_bytes(broken)
        whole = list(TranscriptFile(path).records())
        at = random.randint(0, len(broken))
        path.write_bytes(broken[:at])
        file = TranscriptFile(path)
        told = list(file.records())
        with path.open("ab") as stream:
            stream.write(broken[at:])
        again = TranscriptFile(path, file.mark)
        told += again.records()
        assert again.anew is None
        assert messages_of(told) >= messages_of(whole)


def messages_of(records: list[Record]) -> set[tuple[int, bytes]]:
    return {(one.place.number, one.raw) for one in records if isinstance(one, TranscriptMessage)}


def test_each_event_of_a_broken_trajectory_is_told_or_a_problem(tmp_path: Path) -> None:
    path = tmp_path / f"{SESSION}.trajectory.jsonl"
    for _, broken in mutated(EVENTS, "trajectories"):
        path.write_bytes(broken)
        file = TrajectoryFile(path)
        records: list[Record] = list(file.records())
        told = places(records)
        runs = any(isinstance(record, Run) for record in records)
        for number, kind in kinds(path):
            assert number in told or (kind is not None and (runs or unknown(records)))
            assert number in told or kind != "session.started"
        assert places(list(TrajectoryFile(path, file.mark).records())) <= told


def keys_in(broken: bytes) -> int:
    """How many keys the map has, as another reader of JSON has it; -1 if it can't read it."""
    try:
        held = json.loads(broken.decode().removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return -1
    return len(held) if isinstance(held, dict) else -1


def test_each_entry_of_a_broken_map_is_told_or_a_problem(tmp_path: Path) -> None:
    first = written(tmp_path / f"{OTHER}.jsonl", header(OTHER), said(0, text=POLL))
    second = written(tmp_path / f"{SESSION}.jsonl", header(), said(0))
    path, files = tmp_path, {str(first), str(second)}
    for _, broken in mutated(MAP, "maps"):
        (path / "sessions.json").write_bytes(broken)
        records = list(SessionFolder(path).windows())
        sessions = [record for record in records if isinstance(record, SessionWindow)]
        assert files <= {one.transcript for one in sessions}
        assert places(list(records)) >= set(range(1, keys_in(broken) + 1))
        assert any(isinstance(one, Problem) for one in records) or keys_in(broken) >= 0


def test_a_folder_of_broken_names_is_told(tmp_path: Path) -> None:
    for random, broken in mutated(f"{SESSION}.checkpoint.{OTHER}.jsonl".encode(), "names"):
        name = broken.replace(b"/", b"").replace(b"\x00", b"")[:200]
        if name in (b"", b".", b".."):
            continue
        folder = tmp_path / str(random.getrandbits(64))
        folder.mkdir()
        path = folder / name.decode("utf-8", "surrogateescape")
        path.write_bytes(TRANSCRIPT)
        held = SessionFolder(folder)
        if held.files:
            assert [record.transcript for record in held.windows() if isinstance(record, SessionWindow)] == [
                legible(str(path))
            ]
            assert list(TranscriptFile(path).records())
