"""What a verification finds."""

from collections.abc import Iterable

from msgspec import Struct

MOST = 1_000
"""How many broken places of one partition are named; the rest are counted."""


class Broken(Struct, frozen=True):
    """A place at which a ledger does not prove. Position 0 stands for a partition as a whole; of partition 0, also for
    the ledger as a whole.
    """

    partition: int
    position: int
    reason: str


class Findings:
    """The broken places of one partition, in bounded memory."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._named: list[Broken] = []
        self._count = 0

    def broken(self, position: int, reason: str) -> None:
        """Note a broken place."""
        self._count += 1
        if self._count <= MOST:
            self._named.append(Broken(self._partition, position, reason))

    def named(self) -> Iterable[Broken]:
        """Give them in order."""
        yield from sorted(self._named, key=lambda one: one.position)
        if self._count > MOST:
            yield Broken(self._partition, 0, f"and {self._count - MOST} more places are broken")
