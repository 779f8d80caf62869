from collections.abc import Iterator
from itertools import islice
from threading import Event, Thread
from uuid import UUID

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent

from infrastructure.ledger import subscription as module
from infrastructure.ledger.hints import Listener, Teller
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.pool import Ledgers
from infrastructure.ledger.recorders import PartitionRecorder
from tests.infrastructure.ledger.test_recorders import GATEWAY, id_in

PARTITION = 11
ONE = id_in(PARTITION, 16)
LONG = 30.0


@pytest.fixture
def recorder(database: str) -> Iterator[PartitionRecorder]:
    with Ledgers(database) as ledgers:
        yield PartitionRecorder(ledgers, PARTITION, GATEWAY)


def insert(recorder: PartitionRecorder, version: int, originator_id: UUID = ONE, topic: str = "Told") -> None:
    recorder.insert_events([StoredEvent(originator_id, version, topic, b"{}")])


class Following(Thread):
    """Follows a partition in a thread, until it has so many events."""

    def __init__(self, recorder: PartitionRecorder, count: int) -> None:
        super().__init__()
        self.first = Event()
        self.seen: list[int] = []
        self._recorder, self._count = recorder, count
        self.start()

    def run(self) -> None:
        with self._recorder.subscribe() as subscription:
            for one in islice(subscription, self._count):
                self.seen.append(one.id)
                self.first.set()


@pytest.mark.parametrize("poll_seconds", [LONG, 0.01], ids=["hints-alone", "polling"])
def test_what_is_recorded_later_arrives_by_hint_and_by_polling(
    recorder: PartitionRecorder, monkeypatch: pytest.MonkeyPatch, poll_seconds: float
) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", poll_seconds)
    if poll_seconds < LONG:
        monkeypatch.setattr(Teller, "tell", lambda *_args: None)
    insert(recorder, 1)
    following = Following(recorder, 3)
    assert following.first.wait(LONG)
    insert(recorder, 2)
    insert(recorder, 3)
    following.join(LONG / 2)
    assert following.seen == [1, 2, 3]


def test_stopping_from_another_thread_ends_the_waiting(recorder: PartitionRecorder) -> None:
    insert(recorder, 1)
    found, first = list[int](), Event()
    with recorder.subscribe() as subscription:

        def follow() -> None:
            for one in subscription:
                found.append(one.id)
                first.set()

        waiting = Thread(target=follow)
        waiting.start()
        assert first.wait(LONG)
        subscription.stop()
        waiting.join(LONG)
        assert not waiting.is_alive()
    assert found == [1]


def test_more_than_a_page_arrives_in_order_and_only_the_topics_asked_for(
    recorder: PartitionRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 3)
    for version in range(1, 21):
        insert(recorder, version, topic="Rare" if version % 5 == 0 else "Usual")
    with recorder.subscribe() as everything, recorder.subscribe(gt=5, topics=["Rare"]) as rare:
        assert [one.id for one in islice(everything, 20)] == list(range(1, 21))
        assert [one.id for one in islice(rare, 3)] == [10, 15, 20]


def test_a_hint_comes_after_the_commit_and_only_for_its_partition(database: str, ledger: Ledger) -> None:
    mine, others = Listener.open(database, [PARTITION]), Listener.open(database, [3])
    Teller(PARTITION).tell(ledger.connection)
    assert mine.wait(LONG)
    Teller(3).tell(ledger.connection)
    assert others.wait(LONG)
    assert not mine.wait(0.01)
    mine.close()
    others.close()


def test_a_hint_that_can_not_be_given_harms_nothing(database: str) -> None:
    lost = psycopg.connect(database)
    lost.close()
    teller = Teller(PARTITION)
    teller.tell(lost)
    listener = Listener.open(database, [PARTITION])
    with psycopg.connect(database, autocommit=True) as connection:
        teller.tell(connection)
    assert listener.wait(LONG), "the next hint is given"
    listener.close()


def test_the_append_itself_notifies_nobody(database: str) -> None:
    """NOTIFY in the appending transaction would make commits wait for each other."""
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "select proname from pg_proc where pronamespace = 'heartline'::regnamespace and prosrc ~* 'notify'"
        ).fetchall()
    assert found == []
