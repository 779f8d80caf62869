import hashlib
import json
import sqlite3
from pathlib import Path

import pytest
import zstandard

from infrastructure.openclaw.host import tables
from infrastructure.openclaw.host.database import UnreadableStore
from infrastructure.openclaw.host.records import (
    Counters,
    PendingCommit,
    Place,
    Problem,
    Record,
    SessionWindow,
    TickOutcome,
    TranscriptCompaction,
    TranscriptMessage,
)
from infrastructure.openclaw.host.store import Mark, Store
from tests.infrastructure.openclaw.host.stores import AT, HEARTBEAT, SCHEMA, Host, message, stamp


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "openclaw-agent.sqlite"


def records(path: Path, session: str, after: int = -1) -> list[Record]:
    with Store.open(path) as store:
        return list(store.transcript(session, after))


def numbers(found: list[Record]) -> list[int | None]:
    return [one.place.number if isinstance(one, TranscriptMessage) else None for one in found]


def reasons(found: list[Record] | list[Problem]) -> list[str]:
    return [one.reason for one in found if isinstance(one, Problem)]


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
        row = ("key", "engine", "a", "{}", 2, "it threw", AT)
        host.run("insert into context_engine_turn_outbox values (?, ?, ?, ?, ?, ?, ?)", *row)
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


@pytest.mark.parametrize("compressed", [False, True])
def test_a_message_is_told_with_its_exact_bytes(path: Path, compressed: bool) -> None:
    event = message(1, 'ünïcode \\ud800 "quoted"', details={"b": 1, "a": 1.50})
    with Host(path) as host:
        host.session("a")
        host.event("a", 1, event, compressed=compressed)
    (found,) = records(path, "a")
    assert isinstance(found, TranscriptMessage)
    assert found.place == Place(str(path), "a", 1)
    assert found.raw in event
    assert found.raw.startswith(b'{"role"')
    assert (found.entry_id, found.active, found.grade) == ("e1", True, "reconstructed")


def test_a_compaction_is_told(path: Path) -> None:
    event = {"type": "compaction", "id": "c", "timestamp": stamp(2), "summary": "s", "tokensBefore": 9}
    with Host(path) as host:
        host.session("a")
        host.event("a", 2, json.dumps(event).encode())
    (found,) = records(path, "a")
    assert isinstance(found, TranscriptCompaction)
    assert (found.summary, found.tokens_before) == (b'"s"', 9)


def test_events_are_read_in_order_behind_the_one_named_over_many_pages(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 7)
    with Host(path) as host:
        host.session("a")
        host.session("b")
        for seq in (*range(0, 60, 2), 1 << 40):
            host.event("a", seq, message(seq % 1000))
            host.run_event("a", seq, b'{"seq": 1}')
        host.event("b", 5)
    assert numbers(records(path, "a")) == [*range(0, 60, 2), 1 << 40]
    assert numbers(records(path, "a", 31)) == [*range(32, 60, 2), 1 << 40]
    with Store.open(path) as store:
        found = list(store.trajectory("a", 31))
        assert found == [(Place(str(path), "a", seq), b'{"seq": 1}') for seq in (*range(32, 60, 2), 1 << 40)]


def test_a_page_ends_where_its_texts_are_long(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_BYTES", 1000)
    with Host(path) as host:
        for seq in range(9):
            host.event("a", seq, message(seq, "x" * 900))
    with Store.open(path) as store:
        assert len(tables.Tables(store._database).rows("events", session="a", after=-1)) == 1
    assert numbers(records(path, "a")) == list(range(9))


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


def test_messages_on_a_branch_that_was_left_are_not_active(path: Path) -> None:
    with Host(path) as host:
        for seq in range(6):
            host.event("a", seq)
        host.in_use("a", 4, 0, 1, 4)
    active = [found.active for found in records(path, "a") if isinstance(found, TranscriptMessage)]
    assert active == [True, True, False, False, True, True]  # the last was not looked at yet


def test_a_branch_that_is_to_be_worked_out_anew_leaves_all_messages_active(path: Path) -> None:
    with Host(path) as host:
        for seq in range(3):
            host.event("a", seq)
        host.in_use("a", 2, 0)
        host.run("update session_transcript_index_state set needs_rebuild = 1")
    assert all(found.active for found in records(path, "a") if isinstance(found, TranscriptMessage))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("event_json = '{\"type\"'", "not JSON"),
        ("event_json = '[]'", "an object"),
        ("event_json = json_set(event_json, '$.message', 5)", "`message` should be an object"),
        ("event_json = cast(x'ff7b7d' as text)", "not UTF-8"),
        ("event_json = null", "no text"),
        ("event_json = null, event_zstd = x'0102030405'", "compressed event"),
        ("event_json = null, event_zstd = x''", "compressed event"),
    ],
)
def test_a_row_that_cant_be_read_is_a_problem_with_its_place_and_the_others_are_told(
    path: Path, change: str, reason: str
) -> None:
    with Host(path) as host:
        for seq in range(3):
            host.event("a", seq)
        host.run(f"update transcript_events set {change} where seq = 1")
    first, problem, last = records(path, "a")
    assert isinstance(first, TranscriptMessage)
    assert isinstance(last, TranscriptMessage)
    assert isinstance(problem, Problem)
    assert (problem.path, problem.part, problem.number) == (str(path), "a", 1)
    assert reason in problem.reason


def test_a_compressed_event_of_another_length_than_its_row_says_is_told_and_is_a_problem(path: Path) -> None:
    with Host(path) as host:
        host.event("a", 1, compressed=True)
        host.run("update transcript_events set event_utf8_bytes = 3")
    problem, found = records(path, "a")
    assert isinstance(problem, Problem)
    assert isinstance(found, TranscriptMessage)


def test_a_compressed_event_can_not_take_all_memory(path: Path) -> None:
    bomb = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(200 << 20))
    with Host(path) as host:
        host.event("a", 1, compressed=True)
        host.event("a", 2, compressed=True)
        host.run("update transcript_events set event_zstd = ?, event_utf8_bytes = null where seq = 1", bomb)
        host.run("update transcript_events set event_zstd = ? where seq = 2", zstandard.compress(bytes(200 << 20)))
    assert [type(found) for found in records(path, "a")] == [Problem, Problem]


def test_a_row_that_is_too_long_is_a_problem_and_the_others_are_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.openclaw.host.database.MOST_BYTES", 100_000)
    with Host(path) as host:
        for seq in range(3):
            host.event("a", seq)
        host.event("a", 3, message(3, "x" * 200_000))
        host.event("a", 4)
    found = records(path, "a")
    assert numbers(found) == [0, 1, 2, None, 4]
    assert "too big" in reasons(found)[0]


def test_a_transcript_that_is_rewritten_while_it_is_read_is_read_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    with Host(path) as host:
        host.session("a")
        for seq in range(5):
            host.event("a", seq, message(seq, "old"))
        with Store.open(path) as store:
            reading = store.transcript("a")
            before = [next(reading), next(reading)]
            host.run("begin")
            host.run("delete from transcript_events")
            for seq in range(5):
                host.event("a", seq, message(seq, "new"))
            host.run("update transcript_rewrite_watermarks set generation = 'second'")
            host.run("commit")
            after = list(reading)
            assert store.marks().sessions["a"].generation == "second"
    assert all(isinstance(found, TranscriptMessage) and b"old" in found.raw for found in before)
    assert numbers(after) == [0, 1, 2, 3, 4]
    assert all(isinstance(found, TranscriptMessage) and b"new" in found.raw for found in after)


def cold(events: list[bytes], active: list[int]) -> bytes:
    lines: list[object] = [{"kind": "header", "version": 1, "sessionId": "a", "generation": "g"}]
    lines += [
        {"kind": "event", "row": {"seq": seq, "event_json": event.decode(), "created_at": AT}}
        for seq, event in enumerate(events)
    ]
    lines += [{"kind": "active", "row": {"active_position": at, "event_seq": seq}} for at, seq in enumerate(active)]
    return zstandard.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines))


def put_away(host: Host, archive: bytes, storage: str, count: int = 3) -> Path:
    """Note an archive that holds a session's transcript, in the store or as a file."""
    digest = hashlib.sha256(archive).hexdigest()
    name = f"{digest}.jsonl.zst"
    blob = archive if storage == "sqlite" else None
    row = ("a", "g", name, digest, count, count - 1, storage, blob)
    host.run("insert into session_transcript_cold_archives values (?, ?, ?, ?, ?, ?, ?, ?)", *row)
    host.run("delete from transcript_events")
    file = host.path.parent / "cold" / name
    if storage == "file":
        file.parent.mkdir()
        file.write_bytes(archive)
    return file


@pytest.mark.parametrize("storage", ["file", "sqlite"])
def test_a_transcript_that_was_moved_into_an_archive_says_the_same_as_before(path: Path, storage: str) -> None:
    events = [message(seq, 'quoted "text" ünïcode') for seq in range(3)]
    with Host(path) as host:
        host.session("a")
        for seq, event in enumerate(events):
            host.event("a", seq, event)
        host.in_use("a", 2, 0, 2)
        before = records(path, "a")
        put_away(host, cold(events, [0, 2]), storage)
    assert numbers(before) == [0, 1, 2]
    assert records(path, "a") == before
    assert records(path, "a", 1) == before[2:]
    with Store.open(path) as store:
        assert store.marks().sessions["a"].transcript == 2


def test_a_broken_archive_is_a_problem_that_names_it_and_what_can_be_read_is_told(path: Path) -> None:
    archive = cold([message(seq) for seq in range(3)], [])
    with Host(path) as host:
        file = put_away(host, archive, "file")
    file.write_bytes(archive[:-9])
    found = records(path, "a")
    assert [one.path for one in found if isinstance(one, Problem)][0] == str(file)
    assert "another digest" in reasons(found)[0]
    file.unlink()
    assert "No such file" in reasons(records(path, "a"))[0]


def test_transcripts_of_deleted_sessions_that_the_store_holds_are_told(path: Path) -> None:
    text = b"\n".join(message(seq) for seq in range(2))
    with Host(path) as host:
        for name, encoding, blob in (("x.jsonl", "identity", text), ("y.jsonl.zst", "zstd", zstandard.compress(text))):
            digest = hashlib.sha256(blob).hexdigest()
            row = (name, "g", HEARTBEAT, "deleted", encoding, blob, digest, name, AT)
            host.run("insert into session_transcript_archives values (?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)
    with Store.open(path) as store:
        found = list(store.archived())
        assert [type(one) for one in found] == [SessionWindow, TranscriptMessage, TranscriptMessage] * 2
        assert [type(one) for one in store.archived(frozenset({"x.jsonl"}))] == [
            SessionWindow,
            TranscriptMessage,
            TranscriptMessage,
        ]


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
    with pytest.raises(UnreadableStore, match="openclaw-agent.sqlite"):
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
    with Host(path, journal="delete") as host:
        host.session("a")
        for seq in range(20):
            host.event("a", seq)
        host.run("pragma writable_schema = on")
        host.run(
            "update sqlite_master set sql = replace(sql, 'primary key (session_id, seq)', 'unique (seq, session_id)')"
            " where name = 'transcript_events'"
        )
    with Host(path, journal="delete") as host:  # it takes the index for one that is sorted by seq
        host.event("a", 20)
        host.run("pragma writable_schema = on")
        host.run("update sqlite_master set sql = ? where name = 'transcript_events'", _create("transcript_events"))
    with Store.open(path) as store:
        found = list(store.transcript("a"))
        hidden = [problem.number for problem in store.damage()]
    told = [number for number in numbers(found) if number is not None]
    assert sorted({*told, *(number for number in hidden if number is not None)}) == list(range(21))
    assert hidden


def _create(table: str) -> str:
    start = SCHEMA.index(f"create table {table}")
    return SCHEMA[start : SCHEMA.index(";", start)]
