"""What a projection is: a fold of one partition's events into rows that are written together with the offset."""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct
from psycopg import Connection

from domain.events import Event


class Recorded(Struct, frozen=True):
    """An event with its place in the ledger. `recorded_at` in µs since the Unix epoch."""

    partition: int
    position: int
    stream: UUID
    version: int
    gateway: str
    engine_key: str
    recorded_at: int
    event: Event


class Projection(Protocol):
    """One read model. Its fold reads only its partition's events and rows, so partitions never race."""

    @property
    def name(self) -> str:
        """Stands in the offsets."""
        ...

    def apply(self, connection: Connection[Any], partition: int, events: Sequence[Recorded], after: int) -> bool:
        """Fold the events of a partition that follow the position `after`, and move the offset to the last of them.

        False, and nothing is written, if the offset was not at `after`: another has folded them meanwhile.
        """
        ...
