"""From where a trace is read on."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.host.rotated_files import Marks, Piece
from infrastructure.openclaw.host.traces import ResumeMarks, read_traces
from infrastructure.openclaw.submitted import Submission, Submissions
from infrastructure.openclaw.trace import decode_stage
from tests.infrastructure.openclaw.host.mutations import mutated
from tests.shared import RECORDINGS, needs_recordings


def stage(run: str, name: str, **more: object) -> bytes:
    named = {"sessionId": "s", "sessionKey": "k", "ts": "2026-11-23T08:00:00Z", "runId": run, "stage": name}
    return json.dumps({**named, **more}).encode() + b"\n"


def read(paths: Sequence[Path], kept: ResumeMarks | None) -> tuple[list[Submission], ResumeMarks]:
    before = kept.all() if kept else ()
    resumed, submissions, found = ResumeMarks(before), Submissions(), list[Submission]()
    for piece in read_traces(paths, Marks(before)):
        assert isinstance(piece, Piece)
        decoded = decode_stage(piece.content)
        resumed.take(piece, decoded)
        submission = submissions.take(decoded)
        if submission is not None:
            found.append(submission)
    return found, resumed


def test_reading_goes_on_before_the_prompts_of_runs_that_have_not_ended(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    begun = stage("a", "prompt:before", prompt="A") + stage("b", "prompt:before", prompt="B")
    path.write_bytes(begun + stage("b", "session:after"))
    _, kept = read([path], None)
    path.write_bytes(path.read_bytes() + stage("a", "stream:context", messages=[]))
    found, kept = read([path], kept)
    assert [one.prompt for one in found] == [b'"A"']
    path.write_bytes(path.read_bytes() + stage("a", "session:after") + stage("c", "prompt:before", prompt="C"))
    _, kept = read([path], kept)
    assert [mark.line for mark in kept.all()] == [5]


def test_a_run_that_never_ends_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"".join(stage(f"r{n}", "prompt:before", prompt="P") for n in range(1_030)))
    _, kept = read([path], None)
    assert [mark.line for mark in kept.all()] == [6]


@needs_recordings
@pytest.mark.parametrize("recording", sorted(path.name for path in RECORDINGS.glob("*-*")))
def test_a_trace_that_is_read_in_parts_and_rotated_says_the_same(recording: str, tmp_path: Path) -> None:
    whole = (RECORDINGS / recording / "cache-trace.jsonl").read_bytes().splitlines(keepends=True)
    current, rotated = tmp_path / "t.jsonl", tmp_path / "t.jsonl.1"
    expected, _ = read([RECORDINGS / recording / "cache-trace.jsonl"], None)
    found: dict[bytes, bytes | None] = {}
    kept = None
    for end in range(1, len(whole) + 1, 7):
        half = len(whole) // 2
        if end > half:
            rotated.write_bytes(b"".join(whole[:half]))
        current.write_bytes(b"".join(whole[half if end > half else 0 : end]))
        some, kept = read([rotated, current], kept)
        found.update({repr(one.stage).encode(): one.prompt for one in some})
    current.write_bytes(b"".join(whole[len(whole) // 2 :]))
    some, _ = read([rotated, current], kept)
    found.update({repr(one.stage).encode(): one.prompt for one in some})
    assert list(found) == [repr(one.stage).encode() for one in expected]
    assert list(found.values()) == [one.prompt for one in expected]


@pytest.mark.crash
def test_broken_lines_are_refused_and_never_lost(tmp_path: Path) -> None:
    message = {"role": "user", "content": [{"type": "text", "text": "[Truncated]"}]}
    listed = {"messages": [message], "messageRoles": ["user"], "messageFingerprints": ["f"], "messageCount": 1}
    given = stage("a", "prompt:before", prompt="A", **listed) + stage("a", "stream:context", system="s", **listed)
    path = tmp_path / "t.jsonl"
    for _, data in mutated(given, "traces"):
        path.write_bytes(data)
        resumed, submissions, numbers = ResumeMarks(), Submissions(), set[int | None]()
        for piece in read_traces([path], Marks()):
            numbers.add(piece.number)
            if isinstance(piece, Piece):
                try:
                    decoded = decode_stage(piece.content)
                except BadLine:
                    decoded = None
                resumed.take(piece, decoded)
                if decoded is not None:
                    submissions.take(decoded)
        for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
            assert number in numbers or not line or line.isspace()
        assert all(mark.offset <= len(data) for mark in resumed.all())
