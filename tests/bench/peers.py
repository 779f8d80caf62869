"""Those who write: we, the library's stock recorder, a bare INSERT, a binary COPY. Each writer has its own stream."""

from uuid import UUID, uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from msgspec import Struct

from domain.keys import partition_of, stream_id
from infrastructure.ledger.appending import Append
from infrastructure.ledger.connection import connect
from infrastructure.ledger.ledger import Ledger
from tests.bench.payloads import kilobyte
from tests.bench.servers import Database
from tests.bench.writers import Work

GATEWAY = "bench"
TYPE = "EntriesRecorded"
TOPIC = "domain.events:EntriesRecorded"

COLUMNS = ("int4", "int8", "uuid", "int8", "text", "text", "text", "int8", "bytea", "bytea", "bytea")
_INSERT = "insert into bare.events values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_COPY = "copy bare.events from stdin (format binary)"
_Row = tuple[int, int, UUID, int, str, str, str, int, bytes, bytes, bytes]


class Ours(Struct, frozen=True):
    """`Ledger.append` of one append, with the version that the stream must have."""

    database: Database
    events: int

    def __call__(self, writer: int) -> Work:
        """Connect, with a stream whose partition no other writer uses."""
        ledger = Ledger.open(self.database.service)
        partition = writer * max(1, ledger.partitions // 8) % ledger.partitions
        key = next(
            key
            for number in range(100_000)
            if partition_of(GATEWAY, key := f"agent:{writer}:{number}", ledger.partitions) == partition
        )
        stream = stream_id(GATEWAY, key)
        events = [(TYPE, kilobyte())] * self.events
        version = ledger.version(GATEWAY, key) or 0

        def work() -> int:
            nonlocal version
            append = Append(gateway=GATEWAY, engine_key=key, stream=stream, events=events, expected=version)
            answer = ledger.append(partition, [append])[0]
            if answer.outcome != "appended":
                raise AssertionError(answer)
            version += len(events)
            return len(events)

        return work


class Library(Struct, frozen=True):
    """The library's stock recorder, with a table of its own."""

    database: Database
    events: int

    def __call__(self, _writer: int) -> Work:
        """Connect, with a stream of its own."""
        recorder = library_recorder(self.database)
        stream, state, version = uuid4(), kilobyte(), 0

        def work() -> int:
            nonlocal version
            recorder.insert_events(
                [StoredEvent(stream, version + number, TOPIC, state) for number in range(1, self.events + 1)]
            )
            version += self.events
            return self.events

        return work


class _Bare(Struct, frozen=True):
    database: Database
    events: int = 1

    def _rows(self, writer: int, after: int, stream: UUID, payload: bytes) -> list[_Row]:
        digest, key = bytes(32), f"agent:{writer}:0"
        return [
            (writer, place, stream, place, GATEWAY, key, TYPE, 1_795_423_012_560_000 + place, payload, digest, digest)
            for place in range(after + 1, after + 1 + self.events)
        ]


class Inserting(_Bare, frozen=True):
    """One INSERT of one row a transaction, prepared, into a table of the same columns and indexes."""

    def __call__(self, writer: int) -> Work:
        """Connect."""
        cursor = connect(self.database.owner).cursor()
        stream, payload, position = uuid4(), kilobyte(), 0

        def work() -> int:
            nonlocal position
            cursor.execute(_INSERT, self._rows(writer, position, stream, payload)[0], prepare=True)
            position += 1
            return 1

        return work


class Copying(_Bare, frozen=True):
    """One binary COPY a transaction, into a table of the same columns and indexes."""

    def __call__(self, writer: int) -> Work:
        """Connect."""
        cursor = connect(self.database.owner).cursor()
        stream, payload, position = uuid4(), kilobyte(), 0

        def work() -> int:
            nonlocal position
            with cursor.copy(_COPY) as copy:
                copy.set_types(COLUMNS)
                for row in self._rows(writer, position, stream, payload):
                    copy.write_row(row)
            position += self.events
            return self.events

        return work


def library_recorder(database: Database) -> PostgresApplicationRecorder:
    """Connect the library's recorder, as its factory makes it."""
    datastore = PostgresDatastore(
        dbname=database.name, host=database.host, port=database.port, user=database.superuser, password=""
    )
    return PostgresApplicationRecorder(datastore, events_table_name="stored_events")


def make_tables(database: Database) -> None:
    """Make the peers' tables."""
    recorder = library_recorder(database)
    recorder.create_table()
    recorder.datastore.close()
    with connect(database.owner) as connection:
        connection.execute("create schema bare")
        connection.execute("create table bare.events (like heartline.events including indexes)")
