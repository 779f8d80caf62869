"""A ledger: streams of events in one Postgres database, appended to and read."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from msgspec import Struct
from psycopg.errors import UndefinedFunction
from psycopg.rows import class_row

from domain.keys import partition_of, stream_id
from infrastructure.ledger.appending import Append, Appended, Appender, Group
from infrastructure.ledger.connection import AnyConnection, connect, losing_the_database
from infrastructure.ledger.equality import equality_hash
from infrastructure.ledger.errors import NotALedger
from infrastructure.ledger.evidence import Row
from infrastructure.ledger.sql import statement

PAGE = 2_000
"""How many events are read from a partition or a stream at once."""


class Head(Struct, frozen=True):
    """The end of a partition's log: its last position (0 where it is empty) and chain (empty likewise)."""

    partition: int
    position: int
    chain: bytes


class Delivered(Struct, frozen=True):
    """A delivery that was recorded, and the versions of its first and last event in the stream."""

    partition: int
    delivery: bytes
    stream: UUID
    fingerprint: bytes
    first_version: int
    last_version: int


class Held(Struct, frozen=True):
    """Content as it lies beside the events; all three are None where it was erased.

    `redacted` says that what is kept is not the original, or (where `data` alone is None) that nothing is.
    """

    data: bytes | None
    salt: bytes | None
    equality: bytes | None
    redacted: bool = False

    @property
    def original(self) -> bytes | None:
        """The bytes that were met; None where they are not on record any more, or never were."""
        return None if self.redacted else self.data


def delivery_key(gateway: str, delivery_id: str) -> bytes:
    """Name a delivery in 32 bytes, apart from those of other gateways."""
    parts = (part.encode() for part in (gateway, delivery_id))
    return sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


class Ledger:
    """One connection to a ledger. Not for use by several threads at once."""

    def __init__(self, connection: AnyConnection) -> None:
        self.connection = connection
        with losing_the_database():
            found = self._rows("ledger") if self._has_schema() else []
        if not found:
            raise NotALedger("The database holds no ledger yet: run `heartline migrate`.")
        self.ledger_id: UUID = found[0][0]
        self.partitions: int = found[0][1]
        self.content_key: bytes = bytes(found[0][2])
        self._equality_hash = equality_hash(self.content_key)
        try:
            with losing_the_database():
                self._appender = Appender(connection)
        except UndefinedFunction as error:
            raise NotALedger(
                "The ledger was made by another version of Heartline: bring it to this one with `heartline migrate`."
            ) from error

    @classmethod
    def open(cls, conninfo: str) -> "Ledger":
        """Connect to the ledger of a database.

        Raises:
            DatabaseUnavailable: it can't be reached.
            NotALedger: it has no ledger.
        """
        connection = connect(conninfo)
        try:
            return cls(connection)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def partition_of(self, gateway: str, engine_key: str) -> int:
        """Give the partition of a stream."""
        return partition_of(gateway, engine_key, self.partitions)

    def append(self, partition: int, appends: Sequence[Append], *, all_or_nothing: bool = False) -> list[Appended]:
        """Append a group to one partition; what it answers is durable. (See `Appender.append`.)"""
        with losing_the_database():
            return self._appender.append([Group(partition, appends)], all_or_nothing=all_or_nothing)[0]

    def append_groups(self, groups: Sequence[Group], *, all_or_nothing: bool = False) -> list[list[Appended]]:
        """Append groups to whatever partitions, in one transaction; give what became of each group's appends."""
        with losing_the_database():
            return self._appender.append(groups, all_or_nothing=all_or_nothing)

    def stream(
        self, gateway: str, engine_key: str, after: int = 0, until: int | None = None, page: int = PAGE
    ) -> Iterator[Row]:
        """Read a stream's events with versions greater than `after` and at most `until`, in order.

        It is read by pages, so that others may be asked of the same connection meanwhile.
        """
        partition, stream = self.partition_of(gateway, engine_key), stream_id(gateway, engine_key)
        place: dict[str, object] = {"partition": partition, "stream": stream, "until": until, "limit": page}
        while True:
            rows = self._rows("stream", {**place, "after": after})
            for position, version, *rest in rows:
                yield Row(partition, position, stream, version, *rest)
            if len(rows) < page:
                return
            after = rows[-1][1]

    def versions(self, gateway: str, engine_key: str, wanted: Iterable[int]) -> list[Row]:
        """Read some events of a stream, by their versions."""
        place = {"partition": self.partition_of(gateway, engine_key), "stream": stream_id(gateway, engine_key)}
        with losing_the_database(), self.connection.cursor(row_factory=class_row(Row), binary=True) as cursor:
            return cursor.execute(statement("queries/versions"), {**place, "versions": list(wanted)}).fetchall()

    def version(self, gateway: str, engine_key: str) -> int | None:
        """Give the version of a stream, None where it has no event."""
        place = {"partition": self.partition_of(gateway, engine_key), "stream": stream_id(gateway, engine_key)}
        version: int | None = self._rows("stream_version", place)[0][0]
        return version

    def version_at(self, gateway: str, engine_key: str, position: int) -> int:
        """Give the version that a stream had at a position of its partition; 0 before its first event."""
        partition, stream = self.partition_of(gateway, engine_key), stream_id(gateway, engine_key)
        there = self.event(partition, position) if position else None
        if there is not None and there.stream == stream:
            return there.version
        place = {"partition": partition, "stream": stream, "position": position}
        version: int = self._rows("version_at", place)[0][0]
        return version

    def partition(self, partition: int, after: int = 0, limit: int = PAGE) -> list[Row]:
        """Read the next events of a partition: whoever has seen position n has seen everything up to n."""
        with losing_the_database(), self.connection.cursor(row_factory=class_row(Row), binary=True) as cursor:
            return cursor.execute(
                statement("queries/partition"), {"partition": partition, "after": after, "limit": limit}
            ).fetchall()

    def grown(self, after: Iterable[tuple[int, int]], limit: int) -> list[Row]:
        """Read the next events of some partitions, each after its position, at most so many of each.

        They come in the order in which they were recorded.
        """
        with losing_the_database(), self.connection.cursor(row_factory=class_row(Row), binary=True) as cursor:
            return cursor.execute(statement("queries/grown"), {**_places(after), "limit": limit}).fetchall()

    def event(self, partition: int, position: int) -> Row | None:
        """Read one event by its place."""
        with losing_the_database(), self.connection.cursor(row_factory=class_row(Row), binary=True) as cursor:
            return cursor.execute(statement("queries/event"), {"partition": partition, "position": position}).fetchone()

    def heads(self) -> list[Head]:
        """Give the end of every partition's log."""
        return [Head(partition, position, bytes(chain)) for partition, position, chain in self._rows("heads")]

    def chains(self, places: Iterable[tuple[int, int]]) -> list[tuple[int, int, bytes | None]]:
        """Give the chains at some (partition, position); None where there is no such event, or none stands on it."""
        parameters = _places(places)
        return [(partition, position, chain) for partition, position, chain in self._rows("chains", parameters)]

    def leaves(self, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        """Give the leaves of the events at some (partition, position), of those that there are."""
        parameters = _places(places)
        return {(partition, position): leaf for partition, position, leaf in self._rows("leaves", parameters)}

    def deliveries(self, wanted: Iterable[tuple[int, bytes]]) -> list[Delivered]:
        """Say which of these deliveries, by partition and key, were recorded."""
        pairs = list(wanted)
        parameters = {"partitions": [one[0] for one in pairs], "deliveries": [one[1] for one in pairs]}
        return self._delivered("deliveries", parameters)

    def deliveries_anywhere(self, wanted: Iterable[bytes]) -> list[Delivered]:
        """Say which of these deliveries, by key, were recorded in whatever partitions."""
        keys = list(wanted)
        return self._delivered("deliveries_anywhere", {"deliveries": keys, "partitions": self.partitions})

    def _delivered(self, query: str, parameters: dict[str, object]) -> list[Delivered]:
        return [
            Delivered(partition, bytes(delivery), stream, bytes(fingerprint), first, last)
            for partition, delivery, stream, fingerprint, first, last in self._rows(query, parameters)
        ]

    def equalities(self, gateway: str, engine_key: str) -> list[tuple[int, int, bytes]]:
        """Give (entry, revision, keyed hash) of everything that a stream holds."""
        place = {"partition": self.partition_of(gateway, engine_key), "stream": stream_id(gateway, engine_key)}
        return [(entry, revision, bytes(found)) for entry, revision, found in self._rows("equalities", place)]

    def content(self, gateway: str, engine_key: str, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Held]:
        """Give the content of these (entry, revision) of a stream."""
        pairs = list(wanted)
        parameters = {
            "partition": self.partition_of(gateway, engine_key),
            "stream": stream_id(gateway, engine_key),
            "entries": [one[0] for one in pairs],
            "revisions": [one[1] for one in pairs],
        }
        return {
            (entry, revision): Held(data, salt, equality, self._redacted(data, equality))
            for entry, revision, data, salt, equality in self._rows("content", parameters)
        }

    def _redacted(self, data: bytes | None, equality: bytes | None) -> bool:
        if data is None or equality is None:
            return equality is not None
        hashing = self._equality_hash.copy()
        hashing.update(data)
        return hashing.digest() != equality

    def name_gateway(self, source: bytes, proposed: str) -> str | None:
        """Give the name that is kept for a source: this one, if it is the first; None if another source has it."""
        with losing_the_database():
            row = self.connection.execute("select heartline.name_gateway(%s, %s)", (source, proposed)).fetchone()
        return row[0] if row else None  # type: ignore[return-value]  # text or null

    def gateway_of(self, source: bytes) -> str | None:
        """Give the name that is kept for a source, None where none is."""
        rows = self._rows("gateway_of", {"source": source})
        return rows[0][0] if rows else None

    def _has_schema(self) -> bool:
        row = self.connection.execute("select to_regclass('heartline.ledger') is not null").fetchone()
        return bool(row and row[0])

    def _rows(self, query: str, parameters: dict[str, object] | None = None) -> list[tuple[Any, ...]]:
        with losing_the_database(), self.connection.cursor(binary=True) as cursor:
            return cursor.execute(statement(f"queries/{query}"), parameters).fetchall()


def _places(places: Iterable[tuple[int, int]]) -> dict[str, object]:
    pairs = list(places)
    return {"partitions": [one[0] for one in pairs], "positions": [one[1] for one in pairs]}
