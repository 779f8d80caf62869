from pathlib import Path

import pytest

from infrastructure.openclaw.host.records import (
    Counters,
    PendingCommit,
    Place,
    Problem,
    SessionWindow,
    TickOutcome,
)
from infrastructure.openclaw.host.store import tables
from infrastructure.openclaw.host.store.store import Mark, Store
from tests.infrastructure.openclaw.host.stores import (
    AT,
    HEARTBEAT,
    Host,
)


def test_a_store_says_whose_it_is(path: Path) -> None:
    with Host(path):
        pass
    with Store.open(path) as store:
        assert (store.schema_version, store.app_version, store.agent) == (23, "2026.9.6", "main")
        assert list(store.problems()) == []
        assert list(store.damage()) == []


def test_the_identity_of_a_store_stays_while_it_is_moved_and_written_to(path: Path, tmp_path: Path) -> None:
    with Host(path) as host:
        with Store.open(path) as store:
            identity = store.identity
        host.session("a")
        host.event("a", 1)
        host.run("update schema_meta set app_version = '2027.1.1', schema_version = 24, updated_at = 0")
        host.run("delete from session_windows")
    moved = tmp_path / "elsewhere" / "copy.sqlite"
    moved.parent.mkdir()
    path.rename(moved)
    with Store.open(moved) as store:
        assert store.identity == identity


def test_stores_that_were_made_at_different_times_or_for_different_agents_are_different(tmp_path: Path) -> None:
    identities = set[bytes]()
    for number, change in enumerate(("created_at = 1", "created_at = 2", "agent_id = 'other'")):
        with Host(tmp_path / f"{number}.sqlite") as host:
            host.run(f"update schema_meta set {change}")
        with Store.open(host.path) as store:
            identities.add(store.identity)
    assert len(identities) == 3


def test_every_session_is_a_window_and_only_the_one_that_its_key_points_to_is_current(path: Path) -> None:
    with Host(path) as host:
        host.session("tick-1")
        host.session("tick-2", reason="reset", after="tick-1")
    with Store.open(path) as store:
        first, second = store.windows()
    assert first == SessionWindow(
        place=Place(str(path), "tick-1", 0),
        session_id="tick-1",
        session_key=HEARTBEAT,
        agent="main",
        current=False,
        created_at=AT * 1000,
        updated_at=(AT + 5) * 1000,
        started_at=(AT + 1) * 1000,
        ended_at=(AT + 4) * 1000,
        status="done",
        base="agent:main:main",
    )
    assert isinstance(second, SessionWindow)
    assert (second.current, second.reason, second.previous) == (True, "reset", "tick-1")
    assert second.last_run == "run-tick-2"
    assert second.counters == Counters(input_tokens=7, compactions=1)


@pytest.mark.parametrize("reason", ["fork", "rewind"])
def test_the_window_of_a_fork_names_the_session_that_it_goes_on_from(path: Path, reason: str) -> None:
    with Host(path) as host:
        host.session("old", "agent:main:main")
        host.session("new", "agent:main:other", reason=reason)
        host.run("update session_nodes set fork_source_session_id = 'old' where session_key = 'agent:main:other'")
    with Store.open(path) as store:
        new = next(found for found in store.windows() if isinstance(found, SessionWindow) and found.session_id == "new")
    assert (new.reason, new.previous) == (reason, "old")


def test_a_current_session_without_a_row_of_its_own_is_a_window_too(path: Path) -> None:
    with Host(path) as host:
        host.session("a")
        host.run("delete from session_windows")
    with Store.open(path) as store:
        (window,) = store.windows()
    assert isinstance(window, SessionWindow)
    assert (window.session_id, window.session_key, window.current) == ("a", HEARTBEAT, True)


def test_an_entry_of_another_session_than_its_key_points_to_is_a_problem_and_its_counters_are_not_taken(
    path: Path,
) -> None:
    with Host(path) as host:
        host.session("a")
        host.run('update session_nodes set entry_json = \'{"sessionId": "b", "totalTokens": 5}\'')
    with Store.open(path) as store:
        window, problem = store.windows()
    assert isinstance(window, SessionWindow)
    assert window.counters is None
    assert isinstance(problem, Problem)
    assert problem.reason == (f"the entry of `{HEARTBEAT}` is of session `b`, and the key points to another one")


@pytest.mark.parametrize("entry", ["", "[]", '{"totalTokens": "many"}', '{"sessionId": 1}'])
def test_an_entry_that_cant_be_read_is_a_problem_and_its_session_a_window(path: Path, entry: str) -> None:
    with Host(path) as host:
        host.session("a")
        host.run("update session_nodes set entry_json = ?", entry)
    with Store.open(path) as store:
        window, problem = store.windows()
    assert isinstance(window, SessionWindow)
    assert window.current
    assert isinstance(problem, Problem)
    assert problem.part == "a"


def test_outcomes_and_pending_commits_are_told(path: Path) -> None:
    with Host(path) as host:
        row = (HEARTBEAT, f"{HEARTBEAT}:run", "progress", "went on", "interval", "due", AT)
        host.run("insert into heartbeat_outcomes values (?, ?, ?, ?, ?, ?, ?)", *row)
        pending = ("key", "engine", "a", "{}", 2, "it threw", AT)
        host.run("insert into context_engine_turn_outbox values (?, ?, ?, ?, ?, ?, ?)", *pending)
    with Store.open(path) as store:
        assert list(store.outcomes()) == [
            TickOutcome(
                place=Place(str(path), HEARTBEAT, 0),
                session_key=HEARTBEAT,
                run_session_key=f"{HEARTBEAT}:run",
                outcome="progress",
                at=AT * 1000,
                summary="went on",
                source="interval",
                reason="due",
            )
        ]
        assert list(store.pending_commits()) == [
            PendingCommit(
                place=Place(str(path), "key", 0),
                advancement_key="key",
                engine="engine",
                session_id="a",
                attempts=2,
                at=AT * 1000,
                error="it threw",
            )
        ]


def test_marks_say_up_to_where_each_session_is_written_also_where_only_events_are_left(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    with Host(path) as host:
        for session in "abc":
            host.session(session)
        for seq in range(5):
            host.event("a", seq)
            host.event("orphan", seq)
        host.run_event("b", 3, b"{}")
    with Store.open(path) as store:
        marks = store.marks()
    assert marks.problems == ()
    assert marks.sessions == {
        "a": Mark(transcript=4, generation="first"),
        "b": Mark(trajectory=3, generation="first"),
        "c": Mark(generation="first"),
        "orphan": Mark(transcript=4),
    }
