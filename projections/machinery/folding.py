"""Folds a batch of events, in memory: what comes of it is written elsewhere."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from msgspec import Struct, field, msgpack

from projections.machinery.projection import AnyProjection, Recorded, Row

Remembered = Mapping[UUID, dict[str, Any]]
"""What folds remember of streams, by projection."""

Positions = Mapping[int, Mapping[str, int]]
"""How far projections are, by partition and projection."""


class SetAside(Struct, frozen=True):
    """An event that a fold could not take, and why."""

    projection: str
    partition: int
    position: int
    error: str


class Stream(Struct):
    """What is remembered of a stream, by projection, and by which of them it was `changed`."""

    partition: int
    memories: dict[str, Any]
    changed: set[str] = field(default_factory=set)


class Folded(Struct):
    """What a batch came to: rows by table and key, its streams, and what was set aside."""

    rows: dict[str, dict[Any, Row]] = field(default_factory=lambda: defaultdict(dict))
    streams: dict[UUID, Stream] = field(default_factory=dict)
    set_aside: list[SetAside] = field(default_factory=list)


class Folder:
    """Folds events into some projections."""

    def __init__(self, projections: Iterable[AnyProjection]) -> None:
        self.projections = tuple(projections)
        self._takers: dict[type, list[tuple[str, Callable[[Any, Recorded], tuple[Any, Sequence[Row]]]]]] = {}
        self._tables: dict[type[Row], tuple[str, Callable[[Row], Any]]] = {}
        for projection in self.projections:
            for kind in projection.takes:
                self._takers.setdefault(kind, []).append((projection.name, projection.fold))
            for table in projection.tables:
                self._tables[table.row] = (table.name, attrgetter(*table.key))
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
        reached: Positions,
        into: Folded,
    ) -> None:
        """Fold events of one or several partitions, each in order, into `into`.

        A projection is given what lies behind the position that it `reached` in a partition; one that reached none is
        given nothing. An event that it can't take is set aside, and the fold goes on as if that event had never been.
        """
        streams, rows, tables = into.streams, into.rows, self._tables
        for one in events:
            takers = self._takers.get(type(one.event))
            if takers is None:
                continue
            stream = streams.get(one.stream)
            if stream is None:
                stream = streams[one.stream] = Stream(one.partition, remembered.get(one.stream, {}))
            memories, here, position = stream.memories, reached.get(one.partition, {}), one.position
            for name, fold in takers:
                at = here.get(name)
                if at is None or position <= at:
                    continue
                before = memories.get(name)
                try:
                    memory, new = fold(before, one)
                except Exception as error:  # whatever it is, it is told of, and others go on
                    into.set_aside.append(SetAside(name, one.partition, position, told(error)))
                    continue
                if memory is not before:
                    memories[name] = memory
                    stream.changed.add(name)
                for row in new:
                    table, key_of = tables[type(row)]
                    rows[table][key_of(row)] = row

    def show(self, into: Folded) -> None:
        """Give the rows that show what is remembered of the streams of a batch, once it is folded."""
        for stream in into.streams.values():
            for name in stream.changed:
                shown, memory = self._shown.get(name), stream.memories[name]
                if shown is None or memory is None:
                    continue
                for row in shown(memory):
                    table, key_of = self._tables[type(row)]
                    into.rows[table][key_of(row)] = row


def told(error: Exception) -> str:
    """Say of an error what is kept of it, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:2_000].replace("\x00", "�")
