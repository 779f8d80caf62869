"""Keeps generations up to date: reads what was appended since, folds it, and writes rows and offsets together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct
from psycopg import Connection

from domain.events import UnreadableEvent, decode
from projections.machinery.folding import Folded, Folder, Remembered, SetAside, told
from projections.machinery.offsets import Held, Offsets, Reached, State
from projections.machinery.projection import AnyProjection, Recorded
from projections.machinery.reading import Reader, Stored
from projections.machinery.writing import Writer
from projections.sql import statement

BATCH = 2_000
"""How many events are folded in one transaction at most."""

UNWRITABLE = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded, OverflowError)
"""What the database says of rows that it can't hold, and msgpack of a number that it can't."""


class _Step(Struct, frozen=True):
    """What a batch came to: how many events it held, and what is behind now; None where that is not known."""

    events: int
    behind: Mapping[int, int] | None


class Projector:
    """Folds into the live generations of some projections, or into those that are filled beside them.

    Several may do so at once, in any processes: each batch is folded by one of them. A generation whose version is not
    that of the fold at hand is left alone. Not for use by several threads at once.
    """

    def __init__(
        self, connection: Connection[Any], projections: Iterable[AnyProjection], state: State = "live"
    ) -> None:
        self._connection = connection
        self._folder = Folder(projections)
        self._names = [one.name for one in self._folder.projections]
        self._readers = frozenset(one.name for one in self._folder.projections if one.reads_contents)
        self._offsets = Offsets(connection, {one.name: one.version for one in self._folder.projections}, state)
        self._reader = Reader(connection)
        self._writer = Writer(connection, self._folder)

    def reached(self) -> list[Reached]:
        """Say how far each generation is that this projector folds into."""
        return self._offsets.reached()

    def behind(self, ends: Mapping[int, int]) -> dict[int, int]:
        """Give the partitions in which a generation is not at the end yet, each with the least position reached."""
        return self._offsets.behind(ends)

    def ends_and_behind(self) -> tuple[dict[int, int], dict[int, int]]:
        """Give the last position of every partition, and the partitions in which a generation is not there yet."""
        return self._offsets.ends_and_behind()

    def catch_up(
        self,
        ends: Mapping[int, int],
        behind: Mapping[int, int] | None = None,
        batch: Callable[[], int] = lambda: BATCH,
    ) -> None:
        """Fold up to these positions at least, by partition.

        `behind` is what `behind` gives, where it was just asked for; `batch` says how many events to fold next.
        """
        left = self.behind(ends) if behind is None else behind
        while left:
            after = self._step(left, ends, batch()).behind
            left = self.behind(ends) if after is None else after

    def advance(self, ends: Mapping[int, int], limit: int = BATCH) -> int | None:
        """Fold one batch towards these positions; give how many events it held, None where all were reached."""
        behind = self.behind(ends)
        return self._step(behind, ends, limit).events if behind else None

    def _step(self, behind: Mapping[int, int], ends: Mapping[int, int], limit: int) -> _Step:
        """Fold one batch."""
        try:
            return self._fold(behind, ends, limit)
        except UNWRITABLE:  # of which event, and of which projection's rows, is found out one by one
            each = max(limit // len(behind), 1)
            return _Step(sum(self._one_by_one(partition, ends, each) for partition in behind), None)

    def _one_by_one(self, partition: int, ends: Mapping[int, int], most: int) -> int:
        for done in range(most):
            left = self.behind({partition: ends[partition]})
            if not left:
                return done
            for name in self._names:
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
    ) -> _Step:
        # Statements are sent without waiting for each other: a small batch would mostly wait.
        with self._connection.pipeline(), self._connection.transaction():
            holding = self._offsets.hold(only or self._names, behind)
            reading = self._reader.events(behind, ends, limit)
            held = holding()
            after = held.behind(ends)
            stored = reading() if after == behind else self._reader.events(after, ends, limit)()
            if not stored:
                return _Step(0, after if held.whole else None)
            folded = Folded()
            if poison is None:
                self._fold_stored(stored, held, folded)
            else:
                folded.set_aside += [
                    SetAside(name, one.partition, one.position, told(poison))
                    for one in stored
                    for name in held.generations
                ]
            self._writer.write(folded, held.generations)
            moved = {one.partition: one.position for one in stored}
            self._offsets.move(held, moved)
            return _Step(len(stored), held.behind(ends, moved) if held.whole else None)

    def _fold_stored(self, stored: Sequence[Stored], held: Held, into: Folded) -> None:
        remembered = self._remembered(stored, held.generations)
        events: list[Recorded] = []
        for one in stored:
            try:
                event = decode(one.payload)
            except UnreadableEvent as error:
                into.set_aside += [SetAside(name, one.partition, one.position, str(error)) for name in held.generations]
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
        parts = self._reader.with_contents(events) if self._readers & held.generations.keys() else [events]
        for part in parts:
            self._folder.fold(part, remembered, held.positions, into)
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
            remembered: dict[UUID, dict[str, Any]] = {}
            for name, stream, memory in rows:
                remembered.setdefault(stream, {})[name] = self._folder.remembered(name, memory)
            return remembered
