"""Cursors: how far a reader has come, in every partition, in which history."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from operator import ge
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, json

from infrastructure.answers.errors import BadCursor
from infrastructure.ledger.ledger import Ledger

PREFIX_BYTES = 8
"""How much of the digest of what was last read stands in a cursor."""


class _Written(Struct, frozen=True, array_like=True):
    ledger: str
    positions: list[Annotated[int, Meta(ge=0, le=2**63 - 1)]]
    digest: str


class Cursor:
    """Follows a reader. Its text names every partition's position and binds the events that stand there."""

    def __init__(self, ledger_id: UUID, positions: list[int], leaves: list[bytes]) -> None:
        self._ledger = ledger_id
        self.positions = positions
        self._leaves = leaves

    @classmethod
    def start(cls, ledger: Ledger) -> "Cursor":
        """Begin before the first event."""
        return cls(ledger.ledger_id, [0] * ledger.partitions, [b""] * ledger.partitions)

    @classmethod
    def end(cls, ledger: Ledger) -> "Cursor":
        """Begin behind the last event that there is now."""
        cursor = cls.start(ledger)
        cursor.move(ledger, {head.partition: head.position for head in ledger.heads()})
        return cursor

    @classmethod
    def read(cls, ledger: Ledger, text: str) -> "Cursor":
        """Go on from a cursor's text.

        Raises:
            BadCursor: it is none, or its ledger or its history is another.
        """
        try:
            written = json.decode(urlsafe_b64decode(text.encode() + b"==="), type=_Written)
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            raise BadCursor("That is no cursor: take one from a line of `heartline events --json`.") from None
        if written.ledger != ledger.ledger_id.hex or len(written.positions) != ledger.partitions:
            raise BadCursor("The cursor is of another ledger: begin without --after.")
        places = [(partition, position) for partition, position in enumerate(written.positions) if position]
        leaves = ledger.leaves(places)
        if len(leaves) < len(places):
            raise BadCursor("The cursor is ahead of the log, which was cut or restored: begin without --after.")
        held = [leaves.get(place, b"") for place in enumerate(written.positions)]
        cursor = cls(ledger.ledger_id, written.positions, held)
        if cursor._digest() != written.digest:
            raise BadCursor("The cursor is of another history of this ledger: begin without --after.")
        return cursor

    def passed(self, partition: int, position: int, leaf: bytes) -> None:
        """Take note that an event was read."""
        self.positions[partition] = position
        self._leaves[partition] = leaf

    def move(self, ledger: Ledger, positions: Mapping[int, int]) -> None:
        """Take note that everything up to these positions was read, or looked through; never go back."""
        ahead = [
            (partition, position) for partition, position in positions.items() if position > self.positions[partition]
        ]
        if ahead:
            for (partition, position), leaf in ledger.leaves(ahead).items():
                self.passed(partition, position, leaf)

    def copy(self) -> "Cursor":
        """Give another that stands here."""
        return Cursor(self._ledger, list(self.positions), list(self._leaves))

    def reaches(self, other: "Cursor") -> bool:
        """Say whether everything that the other has read was read here."""
        return self is other or all(map(ge, self.positions, other.positions))

    def text(self) -> str:
        """Write the cursor."""
        written = json.encode(_Written(self._ledger.hex, self.positions, self._digest()))
        return urlsafe_b64encode(written).decode().rstrip("=")

    def _digest(self) -> str:
        return sha256(b"".join(self._leaves)).digest()[:PREFIX_BYTES].hex()
