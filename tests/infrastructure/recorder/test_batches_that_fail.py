from collections.abc import Iterator

import pytest

from domain.errors import HeartlineError
from domain.keys import stream_id
from infrastructure.engine.answers import AnyAnswer
from infrastructure.engine.context_engine import ContextEngine, serve
from infrastructure.engine.requests import AnyRequest, CompactRequest, MaintainRequest, OpenRequest, RecordRequest
from infrastructure.ledger.errors import AppendRefused, DatabaseRefused, DatabaseUnavailable
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import observed_in
from infrastructure.openclaw.shapes import Value
from infrastructure.recorder.recorder import Recorder

AT = 1_795_423_012_000_000
GOOD, BAD = "agent:steady:main", "agent:bad:main"


class Served:
    """A recorder that serves requests of runtimes, a batch at a time."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._engine, self._recorder = ContextEngine(ledger), Recorder(ledger)

    def serve(self, *requests: AnyRequest) -> list[AnyAnswer | HeartlineError]:
        return serve(self._engine, self._recorder, requests, AT)

    def types(self, key: str) -> list[str]:
        return [row.type for row in self.ledger.stream("home", key)]


def maintain(key: str) -> MaintainRequest:
    return MaintainRequest(gateway="home", engine_key=key, session_id="s")


def compact(key: str) -> CompactRequest:
    return CompactRequest(gateway="home", engine_key=key, session_id="s", force=True)


def record(key: str, delivery_id: str | None = None) -> RecordRequest:
    message = Value(b'{"role":"user","timestamp":1795423012000,"content":"hi"}')
    return RecordRequest(gateway="home", engine_key=key, session_id="s", messages=(message,), delivery_id=delivery_id)


@pytest.fixture
def served(ledger: Ledger) -> Served:
    """Two engines are open. What the bad one records is refused by the database: there is content in its place."""
    made = Served(ledger)
    made.serve(*(OpenRequest(gateway="home", engine_key=key) for key in (GOOD, BAD)))
    partition = ledger.partition_of("home", BAD)
    ledger.connection.execute(
        "insert into heartline.content values (%s, %s, 1, 1, null, null, null)", (partition, stream_id("home", BAD))
    )
    return made


def test_what_the_ledger_refuses_fails_alone(served: Served) -> None:
    good, refused, also_good = served.serve(maintain(GOOD), record(BAD, "bad"), record(GOOD, "good"))
    assert isinstance(refused, AppendRefused)
    assert not isinstance(good, HeartlineError)
    assert not isinstance(also_good, HeartlineError)
    assert served.types(GOOD) == ["EngineOpened", "MaintenanceRecorded", "EntriesRecorded"]
    assert served.types(BAD) == ["EngineOpened"]
    assert not isinstance(served.serve(maintain(BAD))[0], HeartlineError)


def test_what_was_written_before_its_neighbour_was_refused_is_not_written_again(served: Served) -> None:
    """Without a delivery's id nothing tells that it was. (The compaction reads: what came before it is written.)"""
    answers = served.serve(record(GOOD), maintain(GOOD), compact(GOOD), record(BAD, "bad"))
    assert [isinstance(one, HeartlineError) for one in answers] == [False, False, False, True]
    assert served.types(GOOD)[:3] == ["EngineOpened", "EntriesRecorded", "MaintenanceRecorded"]
    assert served.types(GOOD).count("MaintenanceRecorded") == 1


@pytest.fixture
def locked(database: str, served: Served) -> Iterator[None]:
    """Another transaction holds the partition of the bad engine."""
    partition = served.ledger.partition_of("home", BAD)
    with Ledger.open(database) as other, other.connection.transaction():
        other.connection.execute("select from heartline.heads where partition = %s for no key update", (partition,))
        served.ledger.connection.execute("set lock_timeout = '100ms'")
        yield


@pytest.mark.usefixtures("locked")
def test_what_the_database_could_not_do_is_told_to_all_that_was_not_written(served: Served) -> None:
    answers = served.serve(maintain(GOOD), compact(GOOD), record(BAD, "bad"))
    assert not isinstance(answers[0], HeartlineError)
    assert [type(one) for one in answers[1:]] == [DatabaseRefused, DatabaseRefused]
    assert served.types(GOOD) == ["EngineOpened", "MaintenanceRecorded"]


class CutOff(Ledger):
    """Loses its connection when it reads a stream."""

    def stream(self, *arguments: object, **named: object) -> Iterator[object]:  # type: ignore[override]
        self.connection.close()
        return super().stream(*arguments, **named)  # type: ignore[arg-type]


def test_a_database_that_goes_away_while_an_engine_is_loaded_rejects_nothing(database: str, served: Served) -> None:
    """What is rejected is never sent again."""
    params = b'{"sessionId":"s","sessionKey":"agent:steady:main"}'
    line = b'{"ts":"2026-11-23T08:00:00Z","id":"a","method":"maintain","params":%b}' % params
    observed = observed_in(line, "home", "session-key")
    assert observed is not None
    with CutOff.open(database) as ledger, pytest.raises(DatabaseUnavailable):
        Recorder(ledger).record_each([observed.delivery])
    assert served.types(GOOD) == ["EngineOpened"]
