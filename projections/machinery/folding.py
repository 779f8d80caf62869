"""Folds a batch of events, in memory: what comes of it is written elsewhere."""

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any
from uuid import UUID

from msgspec import Struct, field, msgpack

from projections.machinery.projection import AnyProjection, Recorded, Row, Table

Remembered = dict[tuple[str, UUID], Any]
"""What folds remember, by projection and stream."""


class SetAside(Struct, frozen=True):
    """An event that a fold could not take, and why."""

    projection: str
    partition: int
    position: int
    error: str


class Folded(Struct):
    """What a batch came to: rows by table, the memories that changed (with their partition), and what was set aside."""

    rows: dict[str, dict[Any, Row]] = field(default_factory=dict)
    memories: dict[tuple[str, UUID], tuple[int, Any]] = field(default_factory=dict)
    set_aside: list[SetAside] = field(default_factory=list)


class Folder:
    """Folds events into some projections."""

    def __init__(self, projections: Iterable[AnyProjection]) -> None:
        self.projections = tuple(projections)
        self._takers: dict[type, list[AnyProjection]] = {}
        self._tables: dict[type[Row], tuple[Table, Callable[[Row], Any]]] = {}
        for projection in self.projections:
            for kind in projection.takes:
                self._takers.setdefault(kind, []).append(projection)
            for table in projection.tables:
                self._tables[table.row] = (table, attrgetter(*table.key))
        self._decoders = {one.name: msgpack.Decoder(one.memory) for one in self.projections}
        self._shown = {one.name: one.shown for one in self.projections if one.shown is not None}
        self._encode = msgpack.Encoder().encode

    def remembered(self, projection: str, memory: bytes) -> Any:
        """Read what a fold remembered."""
        return self._decoders[projection].decode(memory)

    def written(self, memory: Any) -> bytes | None:
        """Write what a fold remembers."""
        return None if memory is None else self._encode(memory)

    def fold(
        self,
        events: Iterable[Recorded],
        remembered: Remembered,
        reached: Mapping[tuple[str, int], int],
        into: Folded,
    ) -> None:
        """Fold events of one or several partitions, each in order, into `into`.

        A projection is given what lies behind the position that it `reached` in a partition; one that reached none is
        given nothing. An event that it can't take is set aside, and the fold goes on as if that event had never been.
        """
        memories, rows = into.memories, into.rows
        for one in events:
            for projection in self._takers.get(type(one.event), ()):
                name = projection.name
                at = reached.get((name, one.partition))
                if at is None or one.position <= at:
                    continue
                key = (name, one.stream)
                held = memories.get(key)
                before = remembered.get(key) if held is None else held[1]
                try:
                    memory, new = projection.fold(before, one)
                except Exception as error:  # whatever it is, it is told of, and others go on
                    into.set_aside.append(SetAside(name, one.partition, one.position, told(error)))
                    continue
                if memory is not before:
                    memories[key] = (one.partition, memory)
                for row in new:
                    table, key_of = self._tables[type(row)]
                    rows.setdefault(table.name, {})[key_of(row)] = row

    def show(self, into: Folded) -> None:
        """Give the rows that show what is remembered of the streams of a batch, once it is folded."""
        for (name, _stream), (_partition, memory) in into.memories.items():
            shown = self._shown.get(name)
            if shown is None or memory is None:
                continue
            for row in shown(memory):
                table, key_of = self._tables[type(row)]
                into.rows.setdefault(table.name, {})[key_of(row)] = row


def told(error: Exception) -> str:
    """Say of an error what is kept of it, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:2_000].replace("\x00", "�")
