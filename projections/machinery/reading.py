"""Reads what is folded: events behind some positions, and the contents that they record."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from msgspec import Struct
from psycopg import Connection

from domain.entries import Reference
from domain.events import EntriesRecorded, TextsRecorded
from projections.machinery.projection import Recorded
from projections.sql import statement

CONTENT_BATCH_BYTES = 32 * 1024 * 1024
"""How much content is held at once at most, beside the largest single event's."""


class Stored(Struct, frozen=True):
    """An event as the ledger holds it."""

    partition: int
    position: int
    stream: UUID
    version: int
    gateway: str
    engine_key: str
    recorded_at: int
    payload: bytes


class Reader:
    """Reads from one connection."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def events(self, after: Mapping[int, int], ends: Mapping[int, int], limit: int) -> Callable[[], list[Stored]]:
        """Ask for the next events of some partitions, so many in all at most; give what waits for them."""
        parameters = {
            "partitions": list(after),
            "after": list(after.values()),
            "until": [ends[partition] for partition in after],
            "limit": max(limit // max(len(after), 1), 1),
        }
        cursor = self._connection.cursor(binary=True).execute(statement("machinery/events_after"), parameters)
        return lambda: [Stored(*row) for row in cursor]

    def with_contents(self, events: Sequence[Recorded]) -> Iterable[list[Recorded]]:
        """Give the events with the contents that they record, in parts whose contents are held together."""
        part: list[Recorded] = []
        size = 0
        for one in events:
            part.append(one)
            if isinstance(one.event, EntriesRecorded | TextsRecorded):
                size += sum(revision.size for revision in one.event.revisions)
            if size > CONTENT_BATCH_BYTES:
                yield self._filled(part)
                part, size = [], 0
        yield self._filled(part)

    def _filled(self, events: Sequence[Recorded]) -> list[Recorded]:
        wanted = [
            (one.partition, one.stream, revision.entry, revision.revision)
            for one in events
            if isinstance(one.event, EntriesRecorded | TextsRecorded)
            for revision in one.event.revisions
        ]
        if not wanted:
            return list(events)
        columns = [list(map(itemgetter(place), wanted)) for place in range(4)]
        parameters: dict[str, object] = dict(
            zip(("partitions", "streams", "entries", "revisions"), columns, strict=True)
        )
        found: dict[UUID, dict[Reference, bytes | None]] = {}
        with self._connection.cursor(binary=True) as cursor:
            for stream, entry, revision, data in cursor.execute(statement("machinery/contents_of"), parameters):
                found.setdefault(stream, {})[Reference(entry, revision)] = data
        return [
            Recorded(
                one.partition,
                one.position,
                one.stream,
                one.version,
                one.gateway,
                one.engine_key,
                one.recorded_at,
                one.event,
                found.get(one.stream, {}),
            )
            for one in events
        ]
