"""Appends of many callers through one appender: one commit serves all, and each fails or succeeds by itself."""

from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from threading import Thread

import psycopg
import pytest

from domain.keys import partition_of
from infrastructure.ledger import grouped_appender
from infrastructure.ledger.appending import Append, Appended
from infrastructure.ledger.errors import AppendRefused, DatabaseRefused, DatabaseUnavailable, QueueFull, ShuttingDown
from infrastructure.ledger.grouped_appender import ThreadsAppender
from infrastructure.ledger.grouping import Limits
from infrastructure.ledger.hints import Listener
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from infrastructure.ledger.waiting import Waiting
from tests.infrastructure.ledger.appends import GATEWAY, a_content, key_in, told

PATIENCE = 30.0
HELD = 0
"""The partition whose head a test holds, so that the first group waits and the next one gathers."""

Answer = Waiting[list[Appended]]


@pytest.fixture
def appender(database: str) -> Iterator[ThreadsAppender]:
    made = ThreadsAppender(lambda: Ledger.open(database), connections=1)
    yield made
    made.close(PATIENCE)


def submit(appender: ThreadsAppender, partition: int, *appends: Append) -> Answer:
    waiting: Answer = Waiting()
    appender.submit(partition, appends, waiting)
    return waiting


def submit_for_ever(appender: ThreadsAppender) -> None:
    while True:
        with suppress(QueueFull):
            submit(appender, 3, told(key_in(3, 1)))


@contextmanager
def gathering(database: str, appender: ThreadsAppender) -> Iterator[Answer]:
    """Keep the appender waiting for a partition's head as long as the block runs; give the first append's wait."""
    with psycopg.connect(database) as holder:
        holder.execute("select 1 from heartline.heads where partition = %s for no key update", (HELD,))
        first = submit(appender, HELD, told(key_in(HELD), b"first"))
        with psycopg.connect(database, autocommit=True) as watcher:
            while not waiting_backends(watcher):
                pass
        yield first


def waiting_backends(watcher: psycopg.Connection[tuple[int]]) -> list[tuple[int]]:
    return watcher.execute(
        "select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    ).fetchall()


def outcome(waiting: Answer) -> str | type[Exception]:
    try:
        return waiting.wait(PATIENCE)[0].outcome
    except Exception as error:
        return type(error)


def test_one_commit_serves_all_that_wait_in_whatever_partition(
    database: str, ledger: Ledger, appender: ThreadsAppender
) -> None:
    with gathering(database, appender) as first:
        waiting = [submit(appender, p, told(key_in(p), b"x")) for p in (7, 3, 12, 3)]
        assert appender.depth == 4
    assert [outcome(one) for one in (first, *waiting)] == ["appended"] * 5
    rows = ledger.connection.execute("select partition, xmin::text from heartline.events where payload = 'x'")
    assert len({transaction for _partition, transaction in rows}) == 1


def test_a_conflict_fails_its_caller_only(database: str, ledger: Ledger, appender: ThreadsAppender) -> None:
    ledger.append(3, [told(key_in(3), b"x")])
    with gathering(database, appender):
        waiting = [submit(appender, 3, told(key_in(3), b"y", expected=version)) for version in (0, 1, 1, 2)]
    assert [outcome(one) for one in waiting] == ["conflict", "appended", "conflict", "appended"]


@pytest.mark.parametrize(
    "bad",
    [
        told("agent:\0:main", b"x"),
        Append(GATEWAY, "agent:\ud800", told(key_in(3)).stream, [("Told", b"x")]),
        told(key_in(3), b"x", contents=[a_content(1, b"one")]),
    ],
    ids=["a-key-with-nul", "a-key-that-is-no-unicode", "content-that-is-there"],
)
def test_a_bad_request_fails_its_caller_only(
    database: str, ledger: Ledger, appender: ThreadsAppender, bad: Append
) -> None:
    ledger.append(3, [told(key_in(3), b"x", contents=[a_content(1, b"one")])])
    with gathering(database, appender):
        waiting = [submit(appender, 3, told(key_in(3, 1), b"x")) for _ in range(3)]
        refused = submit(appender, 3, told(key_in(3, 2), b"never"), bad)
        outside = submit(appender, 99, told(key_in(3, 1), b"x"))
        waiting += [submit(appender, p, told(key_in(p), b"x")) for p in (4, 5)]
    assert [outcome(one) for one in waiting] == ["appended"] * 5
    assert [outcome(refused), outcome(outside)] == [AppendRefused, AppendRefused]
    assert ledger.version(GATEWAY, key_in(3, 2)) is None


def test_a_full_queue_writes_nothing_of_what_it_refused(database: str, ledger: Ledger) -> None:
    appender = ThreadsAppender(lambda: Ledger.open(database), connections=1, limits=Limits(waiting_tasks=2))
    with gathering(database, appender):
        waiting = [submit(appender, 3, told(key_in(3), b"x")) for _ in range(2)]
        with pytest.raises(QueueFull):
            submit(appender, 3, told(key_in(3), b"never"))
    assert [outcome(one) for one in waiting] == ["appended"] * 2
    assert appender.close(PATIENCE)
    assert [row.payload for row in ledger.partition(3)] == [b"x", b"x"]


def test_closing_writes_what_was_accepted_and_refuses_the_rest(database: str, appender: ThreadsAppender) -> None:
    closed: list[bool] = []
    closing = Thread(target=lambda: closed.append(appender.close(PATIENCE)))
    with gathering(database, appender) as first:
        waiting = submit(appender, 3, told(key_in(3), b"x"))
        closing.start()
        with pytest.raises(ShuttingDown):  # once the thread has got to it
            submit_for_ever(appender)
    assert [outcome(first), outcome(waiting)] == ["appended", "appended"]
    closing.join(PATIENCE)
    assert closed == [True]


def test_when_the_connection_is_lost_its_group_is_told_so_and_the_next_one_is_written(
    database: str, ledger: Ledger, appender: ThreadsAppender
) -> None:
    with gathering(database, appender) as first:
        waiting = submit(appender, 3, told(key_in(3), b"x"))
        with psycopg.connect(database, autocommit=True) as killer:
            for (pid,) in waiting_backends(killer):
                killer.execute("select pg_terminate_backend(%s)", (pid,))
        with pytest.raises(DatabaseUnavailable, match="not known: send it again"):
            first.wait(PATIENCE)
        assert outcome(waiting) == "appended"
    assert appender.append(HELD, [told(key_in(HELD), b"again")])[0].first_position == 1


def test_a_database_that_is_away_is_not_asked_again_for_each_append_and_comes_back_by_itself(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    away = True

    def open_ledger() -> Ledger:
        asked.append("")
        if away:
            raise DatabaseUnavailable("The database can't be reached.")
        return Ledger.open(database)

    monkeypatch.setattr(grouped_appender, "AWAY_SECONDS", 3_600.0)
    appender = ThreadsAppender(open_ledger, connections=1)
    for _append in range(3):
        with pytest.raises(DatabaseUnavailable, match="can't be reached"):
            appender.append(3, [told(key_in(3), b"x")])
    assert len(asked) == 1
    assert appender.close(PATIENCE)

    monkeypatch.setattr(grouped_appender, "AWAY_SECONDS", 0.0)
    appender = ThreadsAppender(open_ledger, connections=1)
    with pytest.raises(DatabaseUnavailable):
        appender.append(3, [told(key_in(3), b"x")])
    away = False
    assert appender.append(3, [told(key_in(3), b"x")])[0].outcome == "appended"
    assert appender.close(PATIENCE)


def test_a_database_that_can_only_be_read_refuses_in_our_words(database: str) -> None:
    def open_ledger() -> Ledger:
        ledger = Ledger.open(database)
        ledger.connection.execute("set default_transaction_read_only = on")
        return ledger

    appender = ThreadsAppender(open_ledger, connections=1)
    with pytest.raises(DatabaseRefused, match="read-only"):
        appender.append(3, [told(key_in(3), b"x")])
    assert appender.close(PATIENCE)


def test_who_listens_is_told_that_a_partition_grew(database: str, appender: ThreadsAppender) -> None:
    listener = Listener.open(database, [4])
    for _append in range(3):  # the second hint falls into the time in which none is given, and comes after it
        appender.append(4, [told(key_in(4), b"x")])
        assert listener.wait(PATIENCE)
    listener.close()


def test_many_threads_leave_gapless_streams_and_a_whole_chain(database: str, ledger: Ledger) -> None:
    threads, appends = 24, 25
    appender = ThreadsAppender(lambda: Ledger.open(database))

    def write(number: int) -> set[str]:
        partition = number % 16
        return {
            appender.append(partition, [told(key_in(partition, number // 16), b"x", expected=version)])[0].outcome
            for version in range(appends)
        }

    with ThreadPoolExecutor(threads) as running:
        assert set().union(*running.map(write, range(threads))) == {"appended"}
    assert appender.close(PATIENCE)
    assert [head.position for head in ledger.heads()] == [2 * appends] * 8 + [appends] * 8
    assert verify(ledger).ok


DELIVERIES = 300
STREAMS = 24


def deliver_all(database: str, backwards: bool) -> list[tuple[str, int | None]]:
    """Deliver everything from eight threads of one process."""
    appender = ThreadsAppender(lambda: Ledger.open(database))

    def deliver(number: int) -> tuple[str, int | None]:
        key = f"agent:{number % STREAMS}:main"
        append = told(key, b"%d" % number, b"more", delivery=str(number))
        done = appender.append(partition_of(GATEWAY, key, 16), [append])[0]
        return done.outcome, done.first_version

    numbers = range(DELIVERIES)
    with ThreadPoolExecutor(8) as threads:
        done = list(threads.map(deliver, reversed(numbers) if backwards else numbers))
    assert appender.close(PATIENCE)
    return done[::-1] if backwards else done


def test_two_processes_that_deliver_the_same_to_the_same_streams_write_each_delivery_once(
    database: str, ledger: Ledger
) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        running: list[Future[list[tuple[str, int | None]]]] = [
            processes.submit(deliver_all, database, backwards) for backwards in (False, True)
        ]
        one, other = (process.result(PATIENCE) for process in running)
    for number, (mine, theirs) in enumerate(zip(one, other, strict=True)):
        assert {mine[0], theirs[0]} == {"appended", "duplicate"}, number
        assert mine[1] == theirs[1]
    rows = [row for head in ledger.heads() for row in ledger.partition(head.partition)]
    assert sorted(int(row.payload) for row in rows if row.payload != b"more") == list(range(DELIVERIES))
    assert verify(ledger).ok
