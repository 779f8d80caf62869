"""What is sent to a service of a recording and its trace, and how its answers are put together again."""

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.answers.objects import LineAnswer, LinesAnswer
from infrastructure.openclaw.importing import BATCH_BYTES, BATCH_LINES, Importing, Outcome, Submitted
from infrastructure.openclaw.lines import read_lines
from infrastructure.openclaw.sample.write import TRACE
from infrastructure.openclaw.submitted import Submission, Submissions
from infrastructure.openclaw.trace import decode_stage
from infrastructure.remote.errors import NotAService
from infrastructure.remote.importing import body_of, outcomes_of, with_prefaces
from tests.shared import RECORDINGS

line_bytes = st.lists(st.sampled_from([b"{}", b"\r", b" ", b"\xef\xbb\xbf", b'"x"'])).map(b"".join)


@given(st.lists(line_bytes.filter(lambda line: line and not line.isspace())))
def test_lines_arrive_as_they_were_read(lines: list[bytes]) -> None:
    assert [line.content for line in read_lines(io.BytesIO(body_of(lines)))] == lines


def answered(*numbers: int) -> LinesAnswer:
    return LinesAnswer(lines=[LineAnswer(number, "recorded", number, (f"k{number}",)) for number in numbers])


def test_outcomes_come_in_the_order_of_the_lines() -> None:
    assert outcomes_of(answered(2, 1), 2) == [Outcome("recorded", 1, ("k1",)), Outcome("recorded", 2, ("k2",))]
    assert outcomes_of(answered(), 0) == []


@pytest.mark.parametrize("numbers", [(), (1,), (1, 1), (0, 1), (1, 3), (1, 2, 3), (1, 2, 2)])
def test_an_answer_for_other_lines_than_were_sent_is_refused(numbers: tuple[int, ...]) -> None:
    with pytest.raises(NotAService, match="other lines"):
        outcomes_of(answered(*numbers), 2)


class Noting:
    """An end that notes what it is given at once, and calls every third line a duplicate."""

    def __init__(self) -> None:
        self.observed: list[Sequence[bytes]] = []
        self.submitted: list[Sequence[Submitted]] = []

    def name_gateway(self, _source: bytes, proposed: str) -> str:
        return proposed

    def observe(self, _gateway: str, lines: Sequence[bytes]) -> Sequence[Outcome]:
        self.observed.append(lines)
        return [Outcome("ignored" if len(line) % 2 else "rejected", reason=f"{len(line)}") for line in lines]

    def submit(self, _gateway: str, submitted: Sequence[Submitted]) -> Sequence[Outcome]:
        self.submitted.append(submitted)
        return [Outcome("duplicate") for _one in submitted]


def test_lines_are_cut_into_chunks_by_number_and_by_size_and_a_large_one_goes_alone(tmp_path: Path) -> None:
    large = b"x" * (BATCH_BYTES + 1)
    lines = [b"a"] * (2 * BATCH_LINES + 3) + [large] + [b"b" * (BATCH_BYTES // 2)] * 3
    (tmp_path / "lines").write_bytes(b"\n".join(lines))
    end = Noting()
    imported = Importing(end, gateway="g").import_recording(str(tmp_path / "lines"), lambda _bytes: None)
    assert [len(chunk) for chunk in end.observed] == [BATCH_LINES, BATCH_LINES, 3, 1, 2, 1]
    assert [line for chunk in end.observed for line in chunk] == lines
    assert (imported.lines, imported.ignored + len(imported.rejected)) == (len(lines), len(lines))


def test_rejected_lines_have_their_numbers_in_the_file_and_stand_in_its_order(tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"aa\n\n \nbbb\ncc\n" + b"x" * (64 * 1024 * 1024 + 1) + b"\ndd\n")
    end = Noting()
    imported = Importing(end, gateway="g").import_recording(str(tmp_path / "lines"), lambda _bytes: None)
    assert [(one.line, one.reason[:6]) for one in imported.rejected] == [(1, "2"), (5, "2"), (6, "longer"), (7, "2")]
    assert (imported.lines, imported.ignored) == (5, 1)


def traces() -> Iterator[Any]:
    yield pytest.param(TRACE.read_bytes(), id="sample")
    for path in sorted(RECORDINGS.glob("*/cache-trace.jsonl")):
        yield pytest.param(path.read_bytes(), id=path.parent.name)
    yield pytest.param(cut_later(), id="cut later")


def cut_later() -> bytes:
    """A trace whose later lines hang on earlier ones: prompts, and messages that the host cut away meanwhile."""
    whole = {"role": "user", "content": "one", "timestamp": 1}
    cut = {"role": "user", "content": "[Truncated]", "timestamp": 1}
    runs = ["r-1", "r-\\u0000-2", "r-\ud800"]
    stages: list[dict[str, Any]] = []
    for number, run in enumerate(runs):
        stages += [
            _stage("prompt:before", run, prompt=f"first {number}"),
            _stage("session:loaded", run),
            _stage("stream:context", run, messages=[whole, whole], messageFingerprints=["f", f"g\\u0000{number}"]),
            _stage("prompt:before", run, prompt=f"again \ud800 {number}"),
            _stage(
                "stream:context", run, messages=[cut, cut, cut], messageFingerprints=["f", f"g\\u0000{number}", "h"]
            ),
        ]
    stages += [
        _stage("stream:context", run, messageCount=2, messageFingerprints=["f", "never"]) for run in [*runs, "r"]
    ]
    stages.append(_stage("stream:context", None, messages=[whole]))
    return b"\n".join(json.dumps(stage).encode() for stage in stages)


def _stage(stage: str, run: str | None, **more: Any) -> dict[str, Any]:
    named = {"ts": "2026-11-23T08:00:00.000Z", "stage": stage, "sessionId": "s\\u0000", "sessionKey": "k"}
    return {**named, **({} if run is None else {"runId": run}), **more}


def submissions_in(lines: Sequence[bytes]) -> list[Submission | None]:
    reading = Submissions()
    return [reading.take(decode_stage(line)) for line in lines]


@pytest.mark.parametrize("trace", list(traces()))
@pytest.mark.parametrize("at_once", [1, 2, 1000])
def test_wherever_a_trace_is_cut_a_service_reads_of_it_what_is_read_here(trace: bytes, at_once: int) -> None:
    lines = trace.splitlines()
    here = [
        Submitted(line, submission)
        for line, submission in zip(lines, submissions_in(lines), strict=True)
        if submission is not None
    ]
    assert len(here) > 3
    for start in range(0, len(here), at_once):
        sent = here[start : start + at_once]
        chunk, places = with_prefaces(sent)
        there = submissions_in(list(_received(chunk)))
        assert [chunk[place] for place in places] == [one.content for one in sent]
        assert [there[place] for place in places] == [one.submission for one in sent]
        assert all(there[place] is None for place in set(range(len(chunk))) - set(places))


def _received(lines: Sequence[bytes]) -> Iterator[bytes]:
    for line in read_lines(io.BytesIO(body_of(lines))):
        assert line.content is not None
        yield line.content
