import sqlite3
from pathlib import Path

import pytest

from infrastructure.openclaw.host.records import (
    Problem,
    SessionWindow,
)
from infrastructure.openclaw.host.store import tables
from infrastructure.openclaw.host.store.database import UnreadableStore
from infrastructure.openclaw.host.store.store import Store
from tests.infrastructure.openclaw.host.stores import (
    Host,
    numbers,
    records,
    write_broken_index,
)


@pytest.mark.parametrize("version", [19, 24, None])
def test_an_unknown_schema_is_a_problem_that_says_which_is_known_and_what_is_like_it_is_read(
    path: Path, version: int | None
) -> None:
    with Host(path, version=version) as host:
        host.session("a")
        host.event("a", 1)
    with Store.open(path) as store:
        (problem,) = store.problems()
        assert "23" in problem.reason
        assert len(list(store.windows())) == 1
    assert numbers(records(path, "a")) == [1]


@pytest.mark.parametrize("table", sorted(tables.READ.values()))
def test_a_missing_table_is_a_problem_and_the_others_are_read(path: Path, table: str) -> None:
    with Host(path) as host:
        host.session("a")
        host.event("a", 1)
        host.run_event("a", 1, b"{}")
        host.run(f"drop table {table}")
    with Store.open(path) as store:
        assert table in {problem.part for problem in store.problems()}
        told = [*store.windows(), *store.outcomes(), *store.pending_commits(), *store.archived(), *store.damage()]
        assert [found for found in told if isinstance(found, Problem)] == []
        assert store.marks().problems == ()
        assert len(list(store.windows())) == 1
        assert len(list(store.transcript("a"))) == (table != "transcript_events")
        assert len(list(store.trajectory("a"))) == (table != "trajectory_runtime_events")


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("transcript_events", "event_zstd"),
        ("transcript_events", "event_utf8_bytes"),
        ("session_windows", "started_at"),
        ("session_windows", "reason"),
        ("session_nodes", "entry_json"),
        ("schema_meta", "app_version"),
        ("session_transcript_index_state", "needs_rebuild"),
        ("heartbeat_outcomes", "wake_reason"),
    ],
)
def test_a_missing_column_is_a_problem_and_the_rest_is_read(path: Path, table: str, column: str) -> None:
    with Host(path) as host:
        host.session("a")
        host.event("a", 1)
        host.run(f"alter table {table} drop column {column}")
    with Store.open(path) as store:
        problems = [problem for problem in store.problems() if problem.part == table]
        assert [f"`{column}`" in problem.reason for problem in problems] == [True]
        assert any(isinstance(found, SessionWindow) for found in store.windows())
    assert numbers(records(path, "a")) == [1]


def test_a_schema_with_functions_that_this_sqlite_lacks_can_be_read(path: Path) -> None:
    with Host(path) as host:
        host.session("a")
        host.event("a", 1)
        host.run("create index by_size on transcript_events (octet_length(event_json))")
        host.run(
            "alter table session_windows add column size integer generated always as (octet_length(session_id)) virtual"
        )
        host.run("create view sizes as select octet_length(event_json) from transcript_events")
        host.connection.create_function("of_the_future", 1, lambda value: value, deterministic=True)
        host.run("create index unheard_of on transcript_events (of_the_future(seq))")
    with Store.open(path) as store:
        assert list(store.problems()) == []
        assert len(list(store.windows())) == 1
    assert numbers(records(path, "a")) == [1]


def test_a_schema_of_which_a_part_is_broken_is_a_problem_and_the_rest_is_read(path: Path) -> None:
    with Host(path) as host:
        host.session("a")
        host.event("a", 1)
        host.run("create table other (x any) strict")
        host.run("pragma writable_schema = on")
        host.run("update sqlite_master set sql = 'create table other (' where name = 'other'")
    with Store.open(path) as store:
        (problem,) = store.problems()
        assert "schema is read in part only" in problem.reason
        assert len(list(store.windows())) == 1
    assert numbers(records(path, "a")) == [1]


def test_a_view_in_the_place_of_a_table_is_not_asked(path: Path) -> None:
    endless = (
        "with recursive n (x) as (select 1 union all select x + 1 from n) select 'a' as session_id, x as seq from n"
    )
    with Host(path) as host:
        host.session("a")
        host.run("drop table transcript_events")
        host.run(f"create view transcript_events as {endless}")
    with Store.open(path) as store:
        assert "transcript_events" in {problem.part for problem in store.problems()}
        assert list(store.transcript("a")) == []


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00", b"{}" * 400, b"SQLite format 3\x00" + bytes(9000)])
def test_what_is_no_store_is_refused_by_name(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(UnreadableStore, match=r"is not a host's store|can't be read"):
        Store.open(path)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_database_of_something_else_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("create table things (x)")
    connection.close()
    with pytest.raises(UnreadableStore, match="neither sessions nor transcripts"):
        Store.open(path)


def test_a_missing_file_and_a_folder_are_refused(path: Path) -> None:
    with pytest.raises(UnreadableStore):
        Store.open(path)
    path.mkdir()
    with pytest.raises(UnreadableStore):
        Store.open(path)


def test_rows_that_an_index_does_not_lead_to_are_told(path: Path) -> None:
    write_broken_index(path)
    with Store.open(path) as store:
        found = list(store.transcript("a"))
        hidden = [problem.number for problem in store.damage()]
    told = [number for number in numbers(found) if number is not None]
    assert sorted({*told, *(number for number in hidden if number is not None)}) == list(range(21))
    assert hidden
