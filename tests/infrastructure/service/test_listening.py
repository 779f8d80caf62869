"""Hearing that the ledger grew: by hints and by looking, for several, through the database's absence."""

from collections.abc import Iterator, Set
from threading import Event

import psycopg
import pytest

from infrastructure.ledger.errors import DatabaseUnavailable
from infrastructure.ledger.hints import GatheringTeller
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.sample.write import LIFECYCLE
from infrastructure.service import listening as module
from infrastructure.service.listening import Listening
from tests.infrastructure.embedded.support import until

LONG = 60.0


class Heard:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[frozenset[int]] = []

    def __call__(self, partitions: Set[int]) -> None:
        self.told.append(frozenset(partitions))


@pytest.fixture
def hints_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", LONG)


@pytest.fixture
def listening(database: str) -> Iterator[Listening]:
    made = Listening(lambda: Ledger.open(database))
    yield made
    made.close()


def began(listening: Listening) -> Heard:
    heard = Heard()
    listening.subscribe(heard)
    until(lambda: heard.told, "it listens")
    assert heard.told.pop() == frozenset(range(16))
    return heard


@pytest.mark.usefixtures("hints_alone")
def test_everybody_is_told_which_partitions_grew_until_they_have_enough(listening: Listening, ledger: Ledger) -> None:
    first, second = began(listening), Heard()
    leave = listening.subscribe(second)
    teller = GatheringTeller(seconds=0)
    teller.note([3, 11])
    teller.tell(ledger.connection)
    until(lambda: frozenset({3, 11}) == frozenset().union(*first.told) == frozenset().union(*second.told), "both heard")
    leave()
    leave()
    second.told.clear()
    teller.note([5])
    teller.tell(ledger.connection)
    until(lambda: frozenset({5}) in first.told, "the first heard")
    assert second.told == []


@pytest.mark.usefixtures("hints_alone")
def test_an_import_into_the_database_is_heard_of(listening: Listening, ledger: Ledger) -> None:
    heard = began(listening)
    Importer(ledger, gateway="home").import_recording(str(LIFECYCLE), lambda _bytes: None)
    grown = {head.partition for head in ledger.heads() if head.position}
    until(lambda: frozenset().union(*heard.told) == grown, "all that grew was heard of")


def test_what_nobody_hints_at_is_seen(listening: Listening, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(GatheringTeller, "tell", lambda *_arguments: None)
    heard = began(listening)
    Importer(ledger, gateway="home").import_recording(str(LIFECYCLE), lambda _bytes: None)
    grown = {head.partition for head in ledger.heads() if head.position}
    until(lambda: frozenset().union(*heard.told) == grown, "all that grew was seen")


@pytest.mark.usefixtures("hints_alone")
def test_one_who_fails_at_it_harms_no_other(
    listening: Listening, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_partitions: Set[int]) -> None:
        raise ZeroDivisionError

    listening.subscribe(fail)
    heard = Heard()
    listening.subscribe(heard)
    until(lambda: caplog.records, "it failed")
    teller = GatheringTeller(seconds=0)
    teller.note([7])
    teller.tell(ledger.connection)
    until(lambda: frozenset({7}) in heard.told, "the other heard")


@pytest.mark.usefixtures("hints_alone")
def test_after_the_database_was_away_everybody_is_told_of_everything(
    database: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AWAY_SECONDS", 0.01)
    away, tried = Event(), Event()

    def open_ledger() -> Ledger:
        if away.is_set():
            tried.set()
            raise DatabaseUnavailable("away")
        return Ledger.open(database)

    listening = Listening(open_ledger)
    heard = began(listening)
    away.set()
    with psycopg.connect(database, autocommit=True) as owner:
        _end_listeners(owner, ledger)
    assert tried.wait(LONG)
    assert heard.told == []
    away.clear()
    until(lambda: heard.told == [frozenset(range(16))], "it is told of everything")
    listening.close()
    assert _listeners(ledger) == 0


def _end_listeners(owner: "psycopg.Connection[tuple[object, ...]]", ledger: Ledger) -> None:
    owner.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> all(%s)",
        ([owner.info.backend_pid, ledger.connection.info.backend_pid],),
    )


def _listeners(ledger: Ledger) -> int:
    found = ledger.connection.execute(
        "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        " and backend_type = 'client backend'"
    ).fetchone()
    count: int = found[0] if found else -1  # type: ignore[assignment]  # a bigint
    return count


def test_it_ends_at_once_and_nobody_is_told_any_more(database: str) -> None:
    listening = Listening(lambda: Ledger.open(database))
    heard = began(listening)
    listening.close()
    with Ledger.open(database) as ledger:
        until(lambda: _listeners(ledger) == 0, "it has left")
        Importer(ledger, gateway="home").import_recording(str(LIFECYCLE), lambda _bytes: None)
    assert heard.told == []
    listening.subscribe(heard)
    assert heard.told == []
