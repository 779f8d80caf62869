"""Keeps generations up to date: reads what was appended since, folds it, and writes rows and offsets together."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Literal
from uuid import UUID

import psycopg
from msgspec import Struct
from psycopg import Connection

from domain.entries import Reference
from domain.events import EntriesRecorded, TextsRecorded, UnreadableEvent, decode
from projections.machinery.folding import Folded, Folder, Remembered, SetAside, told
from projections.machinery.projection import AnyProjection, Recorded
from projections.machinery.writing import Writer
from projections.sql import statement

BATCH = 2_000
"""How many events are folded in one transaction at most."""

CONTENT_BATCH_BYTES = 32 * 1024 * 1024
"""How much content is held at once at most, beside the largest single event's."""

State = Literal["live", "filling"]

UNWRITABLE = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded, OverflowError)
"""What the database says of rows that it can't hold, and msgpack of a number that it can't."""


class Reached(Struct, frozen=True):
    """How far one generation has folded one partition. `version` is of the fold that fills it."""

    projection: str
    generation: int
    version: int
    partition: int
    position: int


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


class Projector:
    """Folds into the live generations of some projections, or into those that are filled beside them.

    Several may do so at once, in any processes: each batch is folded by one of them. A generation whose version is not
    that of the fold at hand is left alone. Not for use by several threads at once.
    """

    def __init__(
        self, connection: Connection[Any], projections: Iterable[AnyProjection], state: State = "live"
    ) -> None:
        self._connection = connection
        self._state: State = state
        self._folder = Folder(projections)
        self._versions = {one.name: one.version for one in self._folder.projections}
        self._readers = frozenset(one.name for one in self._folder.projections if one.reads_contents)
        self._writer = Writer(connection, self._folder)

    def reached(self) -> list[Reached]:
        """Say how far each generation is that this projector folds into."""
        return [
            one
            for one in all_reached(self._connection, self._state)
            if self._versions.get(one.projection) == one.version
        ]

    def behind(self, ends: Mapping[int, int]) -> dict[int, int]:
        """Give the partitions in which a generation is not at the end yet, each with the least position reached."""
        least: dict[int, int] = {}
        for one in self.reached():
            if one.position < ends.get(one.partition, 0):
                least[one.partition] = min(one.position, least.get(one.partition, one.position))
        return least

    def catch_up(
        self,
        ends: Mapping[int, int],
        told: Callable[[int], None] | None = None,
        batch: Callable[[], int] = lambda: BATCH,
    ) -> None:
        """Fold up to these positions at least, by partition.

        `told` hears how many events were folded; `batch` says how many to fold next.
        """
        while (folded := self.advance(ends, batch())) is not None:
            if told is not None:
                told(folded)

    def advance(self, ends: Mapping[int, int], limit: int = BATCH) -> int | None:
        """Fold one batch towards these positions; give how many events it held, None where all were reached."""
        behind = self.behind(ends)
        return self._step(behind, ends, limit) if behind else None

    def _step(self, behind: Mapping[int, int], ends: Mapping[int, int], limit: int) -> int:
        """Fold one batch; give how many events it held."""
        try:
            return self._fold(behind, ends, limit)
        except UNWRITABLE:  # of which event, and of which projection's rows, is found out one by one
            return sum(self._one_by_one(partition, ends, max(limit // len(behind), 1)) for partition in behind)

    def _one_by_one(self, partition: int, ends: Mapping[int, int], most: int) -> int:
        for done in range(most):
            left = self.behind({partition: ends[partition]})
            if not left:
                return done
            for name in self._versions:
                try:
                    self._fold(left, ends, 1, [name])
                except UNWRITABLE as error:
                    self._fold(left, ends, 1, [name], poison=error)
        return most

    def _fold(
        self,
        behind: Mapping[int, int],
        ends: Mapping[int, int],
        limit: int,
        only: Sequence[str] | None = None,
        poison: Exception | None = None,
    ) -> int:
        with self._connection.transaction():
            held = self._hold(only or list(self._versions), behind)
            reached = {(one.projection, one.partition): one.position for one in held}
            generations = {one.projection: one.generation for one in held}
            after: dict[int, int] = {}
            for (_name, partition), position in reached.items():
                after[partition] = min(position, after.get(partition, position))
            stored = self._read({one: at for one, at in after.items() if at < ends[one]}, ends, limit)
            if not stored:
                return 0
            folded = Folded()
            if poison is None:
                self._fold_stored(stored, generations, reached, folded)
            else:
                folded.set_aside += [
                    SetAside(name, one.partition, one.position, told(poison)) for one in stored for name in generations
                ]
            self._writer.write(folded, generations)
            self._move(stored, reached, generations)
            return len(stored)

    def _hold(self, names: Sequence[str], partitions: Collection[int]) -> list[Reached]:
        rows = self._connection.execute(
            "select projection, generation, version, partition, reached"
            " from heartline.hold_offsets(%s::text[], %s, %s::integer[])",
            (list(names), self._state, list(partitions)),
        ).fetchall()
        return [one for row in rows if self._versions[(one := Reached(*row)).projection] == one.version]

    def _read(self, after: Mapping[int, int], ends: Mapping[int, int], limit: int) -> list[Stored]:
        parameters = {
            "partitions": list(after),
            "after": list(after.values()),
            "until": [ends[partition] for partition in after],
            "limit": max(limit // max(len(after), 1), 1),
        }
        with self._connection.cursor(binary=True) as cursor:
            return [Stored(*row) for row in cursor.execute(statement("machinery/events_after"), parameters)]

    def _fold_stored(
        self,
        stored: Sequence[Stored],
        generations: Mapping[str, int],
        reached: Mapping[tuple[str, int], int],
        into: Folded,
    ) -> None:
        remembered = self._remembered(stored, generations)
        events: list[Recorded] = []
        for one in stored:
            try:
                event = decode(one.payload)
            except UnreadableEvent as error:
                into.set_aside += [SetAside(name, one.partition, one.position, str(error)) for name in generations]
                continue
            events.append(
                Recorded(
                    one.partition,
                    one.position,
                    one.stream,
                    one.version,
                    one.gateway,
                    one.engine_key,
                    one.recorded_at,
                    event,
                )
            )
        parts = self._with_contents(events) if self._readers & generations.keys() else [events]
        for part in parts:
            self._folder.fold(part, remembered, reached, into)
        self._folder.show(into)

    def _remembered(self, stored: Sequence[Stored], generations: Mapping[str, int]) -> Remembered:
        streams = {one.stream: one.partition for one in stored}
        parameters = {
            "partitions": list(streams.values()),
            "streams": list(streams),
            "projections": list(generations),
            "generations": list(generations.values()),
        }
        with self._connection.cursor(binary=True) as cursor:
            rows = cursor.execute(statement("machinery/memories_of"), parameters)
            return {(name, stream): self._folder.remembered(name, memory) for name, stream, memory in rows}

    def _with_contents(self, events: Sequence[Recorded]) -> Iterable[list[Recorded]]:
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

    def _move(
        self, stored: Sequence[Stored], reached: Mapping[tuple[str, int], int], generations: Mapping[str, int]
    ) -> None:
        last = {one.partition: one.position for one in stored}
        moved = [
            (name, generations[name], partition, last[partition])
            for (name, partition), position in reached.items()
            if last.get(partition, 0) > position
        ]
        self._connection.execute(
            "select heartline.move_offsets(%s::text[], %s::integer[], %s::integer[], %s::bigint[])",
            [list(column) for column in zip(*moved, strict=True)],
        )


def all_reached(connection: Connection[Any], state: State) -> list[Reached]:
    """Say how far every generation in a state has folded every partition."""
    rows = connection.execute(statement("machinery/offsets_of"), {"state": state}).fetchall()
    return [Reached(*row) for row in rows]
