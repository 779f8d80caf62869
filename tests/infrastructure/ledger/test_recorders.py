from collections.abc import Iterator
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from eventsourcing import persistence as library
from eventsourcing.persistence import EventStore, StoredEvent
from eventsourcing.tests import persistence as cases

from domain.events import EngineClosed, EngineOpened
from domain.keys import partition_of
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.mapper import EventMapper, StreamEvent
from infrastructure.ledger.pool import Ledgers
from infrastructure.ledger.recorders import OriginatorId, PartitionRecorder, SnapshotRecorder
from tests.databases import Databases

GATEWAY = "the-library"


def id_in(partition: int, partitions: int) -> UUID:
    while True:
        found = uuid4()
        if partition_of(GATEWAY, str(found), partitions) == partition:
            return found


class InOnePartition:
    """Gives the library's cases a fresh ledger of one partition."""

    partitions: ClassVar[int] = 1
    partition: ClassVar[int] = 0

    @pytest.fixture(autouse=True)
    def _fresh_ledger(self, databases: Databases) -> Iterator[None]:
        with Ledgers(databases.make(self.partitions)) as self.ledgers:
            yield

    def create_recorder(self) -> PartitionRecorder:
        return PartitionRecorder(self.ledgers, self.partition, GATEWAY)

    def new_originator_id(self) -> UUID:
        return id_in(self.partition, self.partitions)


class InOneOfSixteen(InOnePartition):
    partitions = 16
    partition = 11


class TestTheLibrarysCasesInOnePartition(InOnePartition, cases.ApplicationRecorderTestCase[PartitionRecorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestTheLibrarysCasesInOneOfSixteen(InOneOfSixteen, cases.ApplicationRecorderTestCase[PartitionRecorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNoInterleavingInOnePartition(InOnePartition, cases.NonInterleavingNotificationIDsBaseCase):
    pass


class TestNoInterleavingInOneOfSixteen(InOneOfSixteen, cases.NonInterleavingNotificationIDsBaseCase):
    pass


class TestTheLibrarysCasesForSnapshots(cases.AggregateRecorderTestCase):
    @pytest.fixture(autouse=True)
    def _fresh_ledger(self, database: str) -> Iterator[None]:
        with Ledgers(database) as self.ledgers:
            yield

    def create_recorder(self) -> SnapshotRecorder:
        return SnapshotRecorder(self.ledgers, GATEWAY)


@pytest.fixture
def ledgers(database: str) -> Iterator[Ledgers]:
    with Ledgers(database) as opened:
        yield opened


@pytest.fixture
def recorder(ledgers: Ledgers) -> PartitionRecorder:
    return PartitionRecorder(ledgers, 11, GATEWAY)


def stored(originator_id: OriginatorId, version: int) -> StoredEvent:
    return StoredEvent(originator_id, version, "Told", b"{}")


def test_a_stream_of_another_partition_is_refused(recorder: PartitionRecorder) -> None:
    stranger = id_in(3, 16)
    with pytest.raises(library.ProgrammingError, match="lies in partition 3"):
        recorder.insert_events([stored(id_in(11, 16), 1), stored(stranger, 1)])
    with pytest.raises(library.ProgrammingError, match="lies in partition 3"):
        recorder.select_events(stranger)
    assert recorder.max_notification_id() is None


def test_a_partition_that_the_ledger_does_not_have_is_refused(ledgers: Ledgers) -> None:
    with pytest.raises(library.ProgrammingError, match="partitions 0 to 15, not 16"):
        PartitionRecorder(ledgers, 16, GATEWAY)


@pytest.mark.parametrize("versions", [[2], [1, 3], [1, 1], [2, 1], [-1], [0, 2]])
def test_versions_that_do_not_go_on_from_the_last_are_refused_and_nothing_is_written(
    recorder: PartitionRecorder, versions: list[int]
) -> None:
    one = id_in(11, 16)
    with pytest.raises(library.IntegrityError):
        recorder.insert_events([stored(one, version) for version in versions])
    assert recorder.select_events(one) == []


@pytest.mark.parametrize("first", [0, 1])
def test_a_stream_begins_at_version_0_or_1(recorder: PartitionRecorder, first: int) -> None:
    one, other = id_in(11, 16), id_in(11, 16)
    mixed = [stored(one, first), stored(other, 1), stored(one, first + 1), stored(other, 2)]
    assert recorder.insert_events(mixed) == [1, 2, 3, 4]
    assert recorder.select_events(one) == [mixed[0], mixed[2]]


def test_engine_keys_are_originators_besides_uuids(recorder: PartitionRecorder) -> None:
    key = next(key for n in range(1000) if partition_of(GATEWAY, key := f"agent:ü{n}:main", 16) == 11)
    recorder.insert_events([stored(key, 1)])
    assert recorder.select_events(key) == [stored(key, 1)]
    assert [one.originator_id for one in recorder.select_notifications(None, 9)] == [key]


def test_another_gateways_events_of_the_partition_are_not_of_the_recorder(
    ledgers: Ledgers, recorder: PartitionRecorder
) -> None:
    other_gateway = "another"
    key = next(key for n in range(1000) if partition_of(other_gateway, key := f"agent:{n}:main", 16) == 11)
    other = PartitionRecorder(ledgers, 11, other_gateway)
    mine = id_in(11, 16)
    assert recorder.insert_events([stored(mine, 1)]) == [1]
    assert other.insert_events([stored(key, 1)]) == [2]
    assert [one.id for one in recorder.select_notifications(None, 9)] == [1]
    assert [one.id for one in other.select_notifications(None, 9)] == [2]
    assert recorder.max_notification_id() == 1
    assert other.max_notification_id() == 2


def test_an_id_that_the_database_can_not_hold_is_the_librarys_data_error(recorder: PartitionRecorder) -> None:
    key = next(key for n in range(1000) if partition_of(GATEWAY, key := f"\0{n}", 16) == 11)
    with pytest.raises(library.DataError):
        recorder.insert_events([stored(key, 1)])


def test_a_lost_connection_is_the_librarys_operational_error_and_the_next_call_gets_a_new_one(
    ledgers: Ledgers, recorder: PartitionRecorder, database: str
) -> None:
    with Ledger.open(database) as other:
        other.connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    with pytest.raises(library.OperationalError, match="went away"):
        recorder.insert_events([stored(id_in(11, 16), 1)])
    assert recorder.insert_events([stored(id_in(11, 16), 1)]) == [1]


def test_the_librarys_event_store_gives_back_the_domains_events(recorder: PartitionRecorder) -> None:
    key = id_in(11, 16)
    store = EventStore(EventMapper(), recorder)
    given = [
        StreamEvent(
            key, 1, EngineOpened(occurred_at=5, routing_key="agent:main:main", kind="main", opened_by="bootstrap")
        ),
        StreamEvent(key, 2, EngineClosed(occurred_at=6, evidence="reconstructed", reason="dispose")),
    ]
    assert [recording.notification.id for recording in store.put(given)] == [1, 2]
    assert list(store.get(key)) == given
    assert [one.topic for one in recorder.select_notifications(None, 9)] == ["EngineOpened", "EngineClosed"]
