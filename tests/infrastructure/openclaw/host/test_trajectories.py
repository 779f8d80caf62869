"""Runs, put together from the events of a trajectory."""

from pathlib import Path
from typing import Any

import pytest

from infrastructure.openclaw.calls import Usage
from infrastructure.openclaw.host.may.trajectory_files import TrajectoryFile
from infrastructure.openclaw.host.records import Place, Problem, Run
from infrastructure.openclaw.host.trajectories import Runs
from tests.infrastructure.openclaw.host.lines import BEGAN, SESSION, appended, encoded, event, written

CUT: dict[str, Any] = {
    "truncated": True,
    "originalBytes": 300_000,
    "limitBytes": 262_144,
    "reason": "trajectory-event-size-limit",
}
FIELD = {"truncated": True, "reason": "trajectory-field-size-limit", "originalChars": 40_000, "limitChars": 32_768}
USAGE = {"input": 7, "output": 5, "cacheRead": 3, "cacheWrite": 1, "total": 16, "cost": {"total": 0}}


def attempt(run: str = "run", status: str | None = "success", after: int = 0) -> list[bytes]:
    events = [
        event("session.started", 1, run, after + 1, trigger="heartbeat"),
        event("trace.metadata", 2, run, after + 2, harness={"version": "2026.9.6"}),
        event("context.compiled", 3, run, after + 3, systemPrompt="abc", messages=[1, 2]),
        event("prompt.submitted", 4, run, after + 4, prompt="wake\n"),
        event("tool.call", 5, run, after + 5),
        event("model.completed", 6, run, after + 6, usage=USAGE, compactionCount=1),
    ]
    return events if status is None else [*events, event("session.ended", 7, run, after + 7, status=status)]


def told(*events: bytes, runs: Runs | None = None, first: int = 1) -> list[Run | Problem]:
    runs = runs or Runs()
    records: list[Run | Problem] = []
    for number, one in enumerate(events, start=first):
        records.extend(runs.take(Place("/t", "", number), one))
    return [*records, *runs.rest()]


def run_of(*events: bytes) -> Run:
    (run,) = told(*events)
    assert isinstance(run, Run)
    return run


def test_a_run_says_what_it_was_for_what_was_billed_and_how_it_ended() -> None:
    assert run_of(*attempt()) == Run(
        place=Place("/t", "", 1),
        run_id="run",
        attempt=1,
        session_id=SESSION,
        session_key="agent:main:x",
        started_at=(BEGAN + 1) * 1000,
        ended_at=(BEGAN + 7) * 1000,
        trigger="heartbeat",
        version="2026.9.6",
        model="fake-model",
        prompt=rb'"wake\n"',
        messages=2,
        system_characters=3,
        usage=Usage(input=7, output=5, cache_read=3, cache_write=1, total=16),
        compactions=1,
        status="success",
    )


def test_the_engine_is_the_one_that_the_configuration_names() -> None:
    slots = {"redacted": {"plugins": {"slots": {"contextEngine": "probe"}}}}
    assert run_of(event("session.started", 1), event("trace.metadata", 2, config=slots)).engine == "probe"


def test_a_failed_attempt_and_the_next_of_the_same_run_are_two() -> None:
    records = told(*attempt(status=None), event("trace.artifacts", 7, finalStatus="error"), *attempt(after=100))
    assert [(run.attempt, run.status, run.place.number) for run in records if isinstance(run, Run)] == [
        (1, "error", 1),
        (2, "success", 8),
    ]


def test_an_attempt_whose_start_is_lost_begins_where_its_numbers_do() -> None:
    records = told(*attempt(status=None), *attempt(after=100)[2:])
    runs = [run for run in records if isinstance(run, Run)]
    assert [(run.attempt, run.grade, run.missing) for run in runs] == [
        (1, "reconstructed", ()),
        (2, "truncated", ("session.started",)),
    ]
    assert runs[1].started_at == (BEGAN + 103) * 1000


def test_runs_of_several_sessions_and_ids_are_kept_apart() -> None:
    mixed = [one for pair in zip(attempt("a"), attempt("b"), strict=True) for one in pair]
    assert [(run.run_id, run.status, run.messages) for run in told(*mixed) if isinstance(run, Run)] == [
        ("a", "success", 2),
        ("b", "success", 2),
    ]


@pytest.mark.parametrize(
    ("lost", "missing"),
    [
        (event("prompt.submitted", 4, **CUT), "prompt.submitted"),
        (event("prompt.submitted", 4, prompt=FIELD), "prompt.submitted.prompt"),
        (event("prompt.submitted", 4, prompt="[Truncated]"), "prompt.submitted.prompt"),
        (event("prompt.submitted", 4, prompt="[Malformed diagnostic JSON redacted]"), "prompt.submitted.prompt"),
        (event("prompt.submitted", 4, prompt="<redacted>"), "prompt.submitted.prompt"),
    ],
)
def test_a_text_that_the_host_cut_or_redacted_is_missing(lost: bytes, missing: str) -> None:
    events = attempt()
    events[3] = lost
    run = run_of(*events)
    assert (run.prompt, run.missing, run.grade) == (None, (missing,), "truncated")


def test_figures_of_what_was_cut_are_the_originals() -> None:
    listed = [{"role": "user"}, {"truncated": True, "reason": "trajectory-array-size-limit", "originalLength": 90}]
    run = run_of(event("session.started", 1), event("context.compiled", 2, messages=listed, systemPrompt=FIELD))
    assert (run.messages, run.system_characters) == (90, 40_000)


def test_what_one_event_lost_another_may_say() -> None:
    events = attempt()
    events[5] = event("model.completed", 6, **CUT)
    run = run_of(*events[:6], event("trace.artifacts", 7, usage=USAGE, finalStatus="error"))
    assert run.usage == Usage(input=7, output=5, cache_read=3, cache_write=1, total=16)
    assert (run.status, run.missing) == ("error", ("model.completed",))


def test_a_run_says_how_many_events_the_host_dropped() -> None:
    run = run_of(*attempt(status=None), event("trace.truncated", 7, droppedEvents=12))
    assert run.missing == ("trace.truncated: 12 events were dropped",)


@pytest.mark.parametrize("run", ["run", None])
def test_an_end_that_the_host_adds_after_a_restart_ends_the_run_that_is_open(run: str | None) -> None:
    ended = run_of(*attempt(status=None), event("session.ended", 0, run, 50, status="interrupted", aborted=True))
    assert (ended.run_id, ended.status, ended.ended_at) == ("run", "interrupted", (BEGAN + 50) * 1000)


def test_an_end_without_a_beginning_is_told() -> None:
    ended = run_of(event("session.ended", 7, status="success"))
    assert (ended.status, ended.missing) == ("success", ("session.started",))


@pytest.mark.parametrize("error", [{"promptError": "boom"}, {"terminalError": "boom"}, {"error": {"message": "boom"}}])
def test_a_run_says_why_it_failed(error: dict[str, Any]) -> None:
    assert run_of(event("session.started", 1), event("model.completed", 2, **error)).error == "boom"


def test_an_event_that_cannot_be_read_is_a_problem_and_an_unknown_kind_is_one_once() -> None:
    strange = [b"{", b"[]", encoded({"traceSchema": "other"}), event("session.started", 1).replace(b"Z", b"?")]
    strange.append(event("session.started", 1).replace(b'"schemaVersion":1', b'"schemaVersion":2'))
    strange += [event("dream", 1), event("dream", 2)]
    records = told(*strange)
    assert [record.number for record in records if isinstance(record, Problem)] == [1, 2, 3, 4, 5, 6]


def test_only_so_many_runs_are_open_at_once() -> None:
    runs = Runs()
    given = [
        run for number in range(1, 1_501) for run in runs.take(Place("/t", "", number), event("x", 1, f"r{number}"))
    ]
    assert len(given) == 1
    given = [
        run
        for number in range(1, 1_501)
        for run in runs.take(Place("/t", "", number), event("session.started", 1, f"r{number}"))
    ]
    assert len(given) == 500
    assert len(list(runs.rest())) == 1_000
    assert len(runs.known) <= 64


def test_reading_on_counts_attempts_as_reading_at_once_does(tmp_path: Path) -> None:
    lines = [*attempt("a"), *attempt("b", status=None), *attempt("b", after=100), *attempt("c", after=200)]
    whole = list(TrajectoryFile(written(tmp_path / "whole.trajectory.jsonl", *lines)).records())
    path = written(tmp_path / "growing.trajectory.jsonl", end=b"")
    mark = None
    seen: dict[int, tuple[str, int, str | None]] = {}
    for line in lines:
        appended(path, line)
        file = TrajectoryFile(path, mark)
        for record in file.records():
            assert isinstance(record, Run)
            seen[record.place.number] = (record.run_id, record.attempt, record.status)
        assert file.anew is None
        mark = file.mark
    assert list(seen.values()) == [
        (record.run_id, record.attempt, record.status) for record in whole if isinstance(record, Run)
    ]
    assert list(seen) == [record.place.number for record in whole if isinstance(record, Run)]


def test_a_file_is_not_read_again_once_its_runs_are_complete(tmp_path: Path) -> None:
    path = written(tmp_path / "t.trajectory.jsonl", *attempt())
    file = TrajectoryFile(path)
    assert len(list(file.records())) == 1
    assert list(TrajectoryFile(path, file.mark).records()) == []


def test_a_half_written_event_waits_until_it_is_whole(tmp_path: Path) -> None:
    lines = attempt()
    path = written(tmp_path / "t.trajectory.jsonl", *lines[:6], lines[6][:40], end=b"")
    file = TrajectoryFile(path)
    assert sorted(type(record).__name__ for record in file.records()) == ["Problem", "Run"]
    appended(path, lines[6][40:])
    (run,) = TrajectoryFile(path, file.mark).records()
    assert isinstance(run, Run)
    assert (run.status, run.place.number) == ("success", 1)


def test_a_file_that_the_host_gave_up_is_a_problem(tmp_path: Path) -> None:
    path = written(tmp_path / "t.trajectory.jsonl", *attempt(), event("tool.call", 9, text="a" * 10_400_000))
    assert any(isinstance(one, Problem) and "10 MB" in one.reason for one in TrajectoryFile(path).records())


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (problem,) = TrajectoryFile(tmp_path / "t.trajectory.jsonl").records()
    assert isinstance(problem, Problem)


def test_runs_that_overlap_are_read_on_without_being_torn(tmp_path: Path) -> None:
    first, second = attempt("a"), attempt("b")
    path = written(tmp_path / "t.trajectory.jsonl", *first[:4], *second[:5], *first[4:])
    file = TrajectoryFile(path)
    assert {record.place.number for record in file.records() if isinstance(record, Run)} == {1, 5}
    appended(path, *second[5:])
    (run,) = TrajectoryFile(path, file.mark).records()
    assert isinstance(run, Run)
    assert (run.run_id, run.place.number, run.status) == ("b", 5, "success")


def test_a_run_that_was_killed_is_not_waited_for_forever(tmp_path: Path) -> None:
    path = written(tmp_path / "t.trajectory.jsonl", *attempt("a", status=None))
    runs = [line for number in range(200) for line in attempt(f"r{number}")]
    appended(path, *runs)
    file = TrajectoryFile(path)
    assert len(list(file.records())) == 201
    assert list(TrajectoryFile(path, file.mark).records()) == []
