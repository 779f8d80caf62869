"""What a projection is: a pure fold over the events of each stream, and the tables that its rows go to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar, get_args
from uuid import UUID

from msgspec import Struct

from domain.entries import Reference
from domain.events import Event

M = TypeVar("M", bound=Struct)


class Recorded(Struct, frozen=True):
    """An event with its place in the ledger. `recorded_at` in µs since the Unix epoch.

    `contents` has the bytes of the byte forms that it records, for projections that read them; None where erased.
    """

    partition: int
    position: int
    stream: UUID
    version: int
    gateway: str
    engine_key: str
    recorded_at: int
    event: Event
    contents: Mapping[Reference, bytes | None] = {}


EVERY_EVENT: frozenset[type[Event]] = frozenset(get_args(Event))
"""What a projection takes that is about everything."""

Row = Struct
"""One row of a read model: its fields are the table's columns, in their order."""


class Table(Struct, frozen=True):
    """A table of a projection. `key` names the fields by which a row is known.

    `replaced` says that a row can be written again with other values; else every row is written once. `compared` is
    false for what may be deleted at any time, and so can differ between generations.
    """

    name: str
    row: type[Row]
    key: tuple[str, ...]
    replaced: bool = True
    compared: bool = True


class Nothing(Struct, frozen=True):
    """What a fold remembers that looks at each event by itself."""


class Projection(Struct, Generic[M], frozen=True, kw_only=True):
    """One read model, or several that one fold fills.

    `fold` is pure: given what it remembers of a stream (None before its first event) and the stream's next event, it
    gives what to remember from now on (None where that is nothing) and the rows to write. It sees one stream at a time,
    so partitions fold in parallel, and equal offsets mean equal rows. What it remembers is small, however long the
    stream. `shown` gives rows that show just what is remembered: they are written once a batch, not once an event.
    Another fold gets another `version`; then its rows are filled beside the old ones.

    `takes` are the events that it is given. `objects` are its SQL objects, as paths below `projections/`.
    """

    name: str
    version: int
    memory: type[M]
    fold: Callable[[M | None, Recorded], tuple[M | None, Sequence[Row]]]
    tables: tuple[Table, ...]
    objects: tuple[str, ...]
    takes: frozenset[type[Event]]
    shown: Callable[[M], Sequence[Row]] | None = None
    reads_contents: bool = False


AnyProjection = Projection[Any]
