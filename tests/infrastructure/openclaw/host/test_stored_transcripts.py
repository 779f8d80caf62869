import json
import tracemalloc
from pathlib import Path

import pytest
import zstandard

from infrastructure.openclaw.host.records import (
    Place,
    Problem,
    TranscriptCompaction,
    TranscriptMessage,
)
from infrastructure.openclaw.host.store import tables
from infrastructure.openclaw.host.store.store import Store
from tests.infrastructure.openclaw.host.stores import (
    Host,
    message,
    numbers,
    reasons,
    records,
    stamp,
)


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
    monkeypatch.setattr("infrastructure.openclaw.host.store.database.MOST_BYTES", 100_000)
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


@pytest.mark.parametrize("kind", ["leaf", "reset"])
def test_a_turn_to_another_branch_tells_the_earlier_messages_again(path: Path, kind: str) -> None:
    with Host(path) as host:
        for seq in range(4):
            host.event("a", seq)
        host.in_use("a", 3, 0, 1, 2, 3)
        assert numbers(records(path, "a", 3)) == []
        event = {"type": kind, "id": "l", "parentId": "e3", "targetId": "e1", "timestamp": stamp(5)}
        host.event("a", 4, json.dumps(event).encode())
        host.run("delete from session_transcript_active_events where event_seq > 1")
        host.run("update session_transcript_index_state set indexed_seq = 4")
    again = [found for found in records(path, "a", 3) if isinstance(found, TranscriptMessage)]
    assert [(found.place.number, found.active) for found in again] == [(0, True), (1, True), (2, False), (3, False)]


def test_a_long_transcript_is_read_in_bounded_memory(path: Path) -> None:
    with Host(path) as host:
        host.run("begin")
        for seq in range(60):
            host.event("a", seq, message(seq, "x" * (1 << 20)))
        host.run("commit")
    with Store.open(path) as store:
        tracemalloc.start()
        try:
            assert sum(1 for _ in store.transcript("a")) == 60
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 24 << 20  # two pages, and the copies that are made of one event
