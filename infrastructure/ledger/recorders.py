"""The recorders of the `eventsourcing` library over a ledger.

To the library each partition is an application of its own: notification ids are the partition's positions. An
originator is a stream: its engine key is the originator's id as text. The topic is the type, the state is the payload.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing import persistence as library
from eventsourcing.persistence import AggregateRecorder, ApplicationRecorder, Notification, StoredEvent

from domain.keys import check_gateway, partition_of, stream_id
from infrastructure.ledger.appending import Append
from infrastructure.ledger.errors import AppendRefused, DatabaseUnavailable
from infrastructure.ledger.hints import Listener, Teller
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.pool import Ledgers
from infrastructure.ledger.sql import statement
from infrastructure.ledger.subscription import PartitionSubscription

OriginatorId = UUID | str


@contextmanager
def in_the_librarys_words() -> Iterator[None]:
    """Raise the library's errors for ours and for the database's."""
    try:
        yield
    except AppendRefused as error:
        kind = library.DataError if isinstance(error.__cause__, psycopg.DataError) else library.IntegrityError
        raise kind(str(error)) from error
    except (DatabaseUnavailable, psycopg.OperationalError) as error:
        raise library.OperationalError(str(error)) from error
    except psycopg.DataError as error:
        raise library.DataError(str(error)) from error
    except psycopg.Error as error:
        raise library.DatabaseError(str(error)) from error


def _select(ledger: Ledger, name: str, parameters: dict[str, object]) -> list[tuple[Any, ...]]:
    with ledger.connection.cursor(binary=True) as cursor:
        return cursor.execute(statement(f"queries/{name}"), parameters).fetchall()


def _originator(engine_key: str) -> OriginatorId:
    """Give the id that an engine key is the text of: a UUID where it is one in its usual form."""
    if len(engine_key) == 36:
        try:
            found = UUID(engine_key)
        except ValueError:
            return engine_key
        if str(found) == engine_key:
            return found
    return engine_key


class PartitionRecorder(ApplicationRecorder):
    """One gateway's events in one partition of a ledger. For use by several threads at once.

    Originators whose stream lies in another partition are refused with the library's ProgrammingError.
    """

    def __init__(self, ledgers: Ledgers, partition: int, gateway: str) -> None:
        self._ledgers = ledgers
        self._partition = partition
        self._gateway = check_gateway(gateway)
        self._teller = Teller(partition)
        with in_the_librarys_words(), ledgers.borrow() as ledger:
            self._partitions = ledger.partitions
        if not 0 <= partition < self._partitions:
            raise library.ProgrammingError(f"The ledger has partitions 0 to {self._partitions - 1}, not {partition}.")

    def insert_events(self, stored_events: Sequence[StoredEvent], **_kwargs: Any) -> Sequence[int]:
        """Append events, all or none; give their positions.

        Raises:
            eventsourcing.persistence.IntegrityError: a version is not the stream's next.
        """
        appends = [self._append(run) for run in _runs(stored_events)]
        if not appends:
            return []
        with in_the_librarys_words(), self._ledgers.borrow() as ledger:
            done = ledger.append(self._partition, appends, all_or_nothing=True)
            self._teller.tell(ledger.connection)
        return [
            one.first_position + place
            for one, append in zip(done, appends, strict=True)
            if one.first_position is not None
            for place in range(len(append.events))
        ]

    def select_events(
        self,
        originator_id: OriginatorId,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Read the events of one stream."""
        place = {"partition": self._partition, "stream": stream_id(self._gateway, self._key(originator_id))}
        name = "originator_events_backwards" if desc else "originator_events"
        with in_the_librarys_words(), self._ledgers.borrow() as ledger:
            rows = _select(ledger, name, {**place, "gt": gt, "lte": lte, "limit": limit})
        return [StoredEvent(originator_id, *row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Read the gateway's events in the partition, in order."""
        after = 0 if start is None else start - 1 if inclusive_of_start else start
        wanted = {"after": after, "stop": stop, "types": list(topics) or None, "limit": limit}
        with in_the_librarys_words(), self._ledgers.borrow() as ledger:
            rows = _select(ledger, "notifications", {**self._place(), **wanted})
        return [
            Notification(_originator(engine_key), version, kind, payload, id=position)
            for position, engine_key, version, kind, payload in rows
        ]

    def max_notification_id(self) -> int | None:
        """Give the position of the gateway's last event in the partition, None where it has none."""
        with in_the_librarys_words(), self._ledgers.borrow() as ledger:
            rows = _select(ledger, "last_notification", self._place())
        return rows[0][0] if rows else None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> PartitionSubscription:
        """Iterate over the gateway's events in the partition after a position, and over those that come."""
        return PartitionSubscription(self, gt, topics, tail=self._tail, listen=self._listen)

    def _tail(self) -> int:
        with in_the_librarys_words(), self._ledgers.borrow() as ledger:
            position: int | None = _select(ledger, "tail", {"partition": self._partition})[0][0]
        return position or 0

    def _listen(self) -> Listener:
        with in_the_librarys_words():
            return Listener.open(self._ledgers.conninfo, [self._partition])

    def _place(self) -> dict[str, object]:
        return {"partition": self._partition, "gateway": self._gateway}

    def _key(self, originator_id: OriginatorId) -> str:
        engine_key = str(originator_id)
        partition = partition_of(self._gateway, engine_key, self._partitions)
        if partition != self._partition:
            raise library.ProgrammingError(
                f"The stream of {engine_key!r} lies in partition {partition}: its recorder is that of {partition},"
                f" not of {self._partition}."
            )
        return engine_key

    def _append(self, run: Sequence[StoredEvent]) -> Append:
        engine_key = self._key(run[0].originator_id)
        return Append(
            gateway=self._gateway,
            engine_key=engine_key,
            stream=stream_id(self._gateway, engine_key),
            events=[(one.topic, one.state) for one in run],
            expected=run[0].originator_version - 1,
        )


def _runs(events: Sequence[StoredEvent]) -> list[list[StoredEvent]]:
    """Cut events, in their order, into runs of one originator whose versions follow each other."""
    runs = [[one] for one in events[:1]]
    for before, one in pairwise(events):
        follows = one.originator_version == before.originator_version + 1
        if follows and one.originator_id == before.originator_id:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


class SnapshotRecorder(AggregateRecorder):
    """One gateway's snapshots, in every partition. For use by several threads at once."""

    def __init__(self, ledgers: Ledgers, gateway: str) -> None:
        self._ledgers = ledgers
        self._gateway = check_gateway(gateway)

    def insert_events(self, stored_events: Sequence[StoredEvent], **_kwargs: Any) -> None:
        """Keep snapshots, all or none.

        Raises:
            eventsourcing.persistence.IntegrityError: there is one of a stream and version.
        """
        with in_the_librarys_words(), self._ledgers.borrow() as ledger, ledger.connection.transaction():
            for one in stored_events:
                given = {"version": one.originator_version, "type": one.topic, "payload": one.state}
                kept = _select(ledger, "keep_snapshot", {**self._place(ledger, one.originator_id), **given})
                if not kept[0][0]:
                    raise library.IntegrityError(
                        f"There is a snapshot of {one.originator_id} at version {one.originator_version}."
                    )

    def select_events(
        self,
        originator_id: OriginatorId,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Read the snapshots of one stream."""
        name = "originator_snapshots_backwards" if desc else "originator_snapshots"
        with in_the_librarys_words(), self._ledgers.borrow() as ledger:
            wanted = {"gt": gt, "lte": lte, "limit": limit}
            rows = _select(ledger, name, {**self._place(ledger, originator_id), **wanted})
        return [StoredEvent(originator_id, *row) for row in rows]

    def _place(self, ledger: Ledger, originator_id: OriginatorId) -> dict[str, object]:
        engine_key = str(originator_id)
        stream = stream_id(self._gateway, engine_key)
        return {"partition": ledger.partition_of(self._gateway, engine_key), "stream": stream}
