"""A folder of sessions: what its map says, and what its files say where the map says nothing."""

from pathlib import Path

import pytest

from infrastructure.openclaw.host.may.sessions import SessionFolder
from infrastructure.openclaw.host.may.ticks import POLL
from infrastructure.openclaw.host.records import Counters, Place, Problem, SessionWindow
from tests.infrastructure.openclaw.host.lines import BEGAN, OTHER, SESSION, encoded, event, header, said, written

MAIN = "agent:main:main"
HEARTBEAT = "agent:main:main:heartbeat"
UUID = "c38eccd7-a37e-4b8c-9c20-c6ab895e0ca6"
ISOLATED = {HEARTBEAT: {"sessionId": SESSION, "heartbeatIsolatedBaseSessionKey": MAIN}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "agents" / "work" / "sessions"
    path.mkdir(parents=True)
    return path


def mapped(folder: Path, entries: object) -> None:
    (folder / "sessions.json").write_bytes(encoded(entries))


def windows(folder: Path) -> dict[str, SessionWindow]:
    told = [one for one in SessionFolder(folder).windows() if isinstance(one, SessionWindow)]
    assert len({one.session_id for one in told}) == len(told)
    return {one.session_id: one for one in told}


def reasons(folder: Path) -> list[str]:
    return [one.reason for one in SessionFolder(folder).windows() if isinstance(one, Problem)]


def tick(folder: Path, session_id: str, *more: bytes) -> Path:
    return written(folder / f"{session_id}.jsonl", header(session_id), said(0, text=POLL, parent=-1), *more)


def test_a_key_points_to_its_current_session(folder: Path) -> None:
    path = written(folder / f"{SESSION}.jsonl", header())
    mapped(
        folder,
        {
            "agent:work:main": {
                "sessionId": SESSION,
                "sessionFile": f"/home/someone/else/agents/work/sessions/{SESSION}.jsonl",
                "updatedAt": BEGAN + 9,
                "sessionStartedAt": BEGAN,
                "startedAt": BEGAN + 1,
                "endedAt": BEGAN + 8,
                "status": "done",
                "spawnedBy": "agent:work:parent",
                "inputTokens": 1,
                "outputTokens": 2,
                "totalTokens": 3,
                "contextTokens": 4,
                "compactionCount": 5,
            }
        },
    )
    assert windows(folder) == {
        SESSION: SessionWindow(
            place=Place(str(folder / "sessions.json"), "", 1),
            session_id=SESSION,
            session_key="agent:work:main",
            agent="work",
            current=True,
            created_at=BEGAN * 1000,
            updated_at=(BEGAN + 9) * 1000,
            started_at=(BEGAN + 1) * 1000,
            ended_at=(BEGAN + 8) * 1000,
            status="done",
            transcript=str(path),
            parent_key="agent:work:parent",
            counters=Counters(1, 2, 3, 4, 5),
        )
    }


def test_a_windows_path_is_found_by_its_name_too(folder: Path) -> None:
    path = written(folder / "old name.jsonl", header())
    mapped(folder, {"k": {"sessionId": SESSION, "sessionFile": r"C:\agents\old name.jsonl"}})
    assert windows(folder)[SESSION].transcript == str(path)


def test_a_session_without_a_file_is_told_without_one(folder: Path) -> None:
    mapped(folder, {"k": {"sessionId": SESSION, "sessionFile": f"/a/{SESSION}.jsonl"}})
    assert windows(folder)[SESSION].transcript is None


def test_every_file_that_no_key_points_to_is_a_session_of_its_own(folder: Path) -> None:
    mapped(folder, {"k": {"sessionId": SESSION}})
    written(folder / f"{SESSION}.jsonl", header())
    written(folder / f"{SESSION}.checkpoint.{UUID}.jsonl", header())
    path = written(folder / f"{OTHER}.jsonl.reset.2026-11-23T08-40-28.155Z", header(OTHER), said(0))
    told = windows(folder)
    assert set(told) == {SESSION, OTHER}
    assert (told[OTHER].current, told[OTHER].session_key, told[OTHER].transcript) == (False, None, str(path))
    held = SessionFolder(folder).files
    assert [[one.file.kind for one in files] for _, files in sorted(held.items())] == [
        ["reset"],
        ["checkpoint", "transcript"],
    ]


def test_an_unreferenced_session_whose_user_is_the_heartbeat_alone_is_a_tick(folder: Path) -> None:
    mapped(folder, ISOLATED)
    tick(folder, OTHER, said(1, role="assistant"), said(2, text=POLL))
    told = windows(folder)[OTHER]
    assert (told.reason, told.session_key, told.base) == ("heartbeat", HEARTBEAT, MAIN)


def test_a_session_in_which_people_speak_is_no_tick(folder: Path) -> None:
    mapped(folder, ISOLATED)
    tick(folder, OTHER, said(1, text="hello"))
    told = windows(folder)[OTHER]
    assert (told.reason, told.session_key, told.base) == (None, None, None)


@pytest.mark.parametrize(
    "entries",
    [
        {MAIN: {"sessionId": SESSION}},
        ISOLATED | {"agent:main:b:heartbeat": {"sessionId": "b", "heartbeatIsolatedBaseSessionKey": "agent:main:b"}},
    ],
)
def test_a_tick_whose_key_nothing_tells_has_none(folder: Path, entries: object) -> None:
    mapped(folder, entries)
    tick(folder, OTHER)
    told = windows(folder)[OTHER]
    assert (told.reason, told.session_key) == ("heartbeat", None)


@pytest.mark.parametrize(
    "entry",
    [
        {"usageFamilySessionIds": [OTHER, SESSION]},
        {"compactionCheckpoints": [{"preCompaction": {"sessionId": OTHER}}]},
        {"compactionCheckpoints": [7, {"sessionId": OTHER}]},
    ],
)
def test_an_entry_that_names_an_earlier_session_says_its_key(folder: Path, entry: dict[str, object]) -> None:
    mapped(folder, {MAIN: {"sessionId": SESSION} | entry})
    written(folder / f"{OTHER}.jsonl", header(OTHER), said(0))
    told = windows(folder)
    assert told[OTHER].session_key == MAIN
    assert told[SESSION].previous == (OTHER if "usageFamilySessionIds" in entry else None)


def test_a_trajectory_says_the_key_of_its_session(folder: Path) -> None:
    mapped(folder, ISOLATED)
    tick(folder, SESSION)
    mapped(folder, {})
    written(folder / f"{SESSION}.trajectory.jsonl", b"{", event("session.started", 1))
    told = windows(folder)[SESSION]
    assert (told.session_key, told.agent) == ("agent:main:x", "work")
    assert set(SessionFolder(folder).trajectories) == {SESSION}


def test_a_fork_names_the_session_that_it_was_forked_from(folder: Path) -> None:
    mapped(folder, {MAIN: {"sessionId": SESSION}})
    written(folder / f"{SESSION}.jsonl", header(parentSession=f"/elsewhere/{OTHER}.jsonl"))
    told = windows(folder)[SESSION]
    assert (told.reason, told.previous) == ("fork", OTHER)


def test_a_file_that_a_key_points_to_under_another_id_is_told_once(folder: Path) -> None:
    mapped(folder, {MAIN: {"sessionId": SESSION, "sessionFile": f"/a/{OTHER}.jsonl"}})
    path = written(folder / f"{OTHER}.jsonl", header(OTHER))
    assert {one: window.transcript for one, window in windows(folder).items()} == {SESSION: str(path)}


def test_what_an_entry_has_of_a_strange_kind_it_lacks(folder: Path) -> None:
    strange = {"sessionId": SESSION, "updatedAt": "soon", "inputTokens": -1, "totalTokens": 1e30, "status": ["done"]}
    mapped(folder, {MAIN: strange | {"endedAt": 10**17, "usageFamilySessionIds": {}, "outputTokens": 5.0}})
    told = windows(folder)[SESSION]
    assert (told.updated_at, told.ended_at, told.status) == (None, None, None)
    assert told.counters == Counters(output_tokens=5)


def test_keys_that_a_ledger_cannot_hold_are_legible(folder: Path) -> None:
    (folder / "sessions.json").write_bytes(rb'{"a\ud800\u0000": {"sessionId": "s\udfff"}}')
    assert [(one.session_id, one.session_key) for one in windows(folder).values()] == [(r"s\udfff", r"a\ud800\u0000")]


def test_a_bad_entry_is_a_problem_and_the_others_are_told(folder: Path) -> None:
    mapped(folder, {"a": 7, "b": {"sessionId": SESSION}, "c": {}})
    assert set(windows(folder)) == {SESSION}
    assert sorted(reason[:18] for reason in reasons(folder)) == ["the entry of `a`: ", "the entry of `c` n"]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a":', b"\xff", b"[" * 600])
def test_a_map_that_cannot_be_read_is_a_problem_and_the_files_are_told(folder: Path, content: bytes) -> None:
    written(folder / f"{SESSION}.jsonl", header())
    (folder / "sessions.json").write_bytes(content)
    assert set(windows(folder)) == {SESSION}
    assert [reason[:20] for reason in reasons(folder)] == ["it could not be read"]


def test_files_without_a_map_are_a_problem_and_told(folder: Path) -> None:
    tick(folder, SESSION)
    assert windows(folder)[SESSION].reason == "heartbeat"
    assert len(reasons(folder)) == 1


def test_a_folder_that_is_not_there_is_a_problem(folder: Path) -> None:
    assert len(reasons(folder / "nothing")) == 1


def test_the_agent_is_the_folders_or_the_keys(tmp_path: Path) -> None:
    mapped(tmp_path, {MAIN: {"sessionId": SESSION}, "global": {"sessionId": OTHER}})
    assert [one.agent for one in windows(tmp_path).values()] == ["main", None]
