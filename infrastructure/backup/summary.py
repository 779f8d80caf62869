"""What is told of a backup that was written, and of a ledger that was restored: the same."""

from collections.abc import Callable
from uuid import UUID

from msgspec import Struct

from infrastructure.backup.format import Contents, Totals
from infrastructure.ledger.checkpoint import Place

Told = Callable[[str, int, int], None]
"""Hears how it goes: what is done at the moment, how much more of it was done, and of how much in all."""


class Summary(Struct, frozen=True):
    """What a backup holds. `at` in µs since the Unix epoch; `digest` (hexadecimal) is the SHA-256 at the file's end,
    over everything before it.
    """

    file: str
    bytes: int
    digest: str
    ledger_id: UUID
    at: int
    partitions: int
    events: int
    deliveries: int
    contents: int
    gateways: int
    erased: int
    heads: list[Place]
    redacted: int = 0


def summary_of(file: str, size: int, digest: bytes, contents: Contents, totals: Totals) -> Summary:
    """Put together what is told."""
    return Summary(
        file=file,
        bytes=size,
        digest=digest.hex(),
        ledger_id=contents.ledger_id,
        at=contents.at,
        partitions=contents.partitions,
        events=totals.events,
        deliveries=totals.deliveries,
        contents=totals.contents,
        gateways=totals.gateways,
        erased=totals.erased,
        heads=[Place(partition, head.position, head.chain.hex()) for partition, head in enumerate(totals.heads)],
        redacted=totals.redacted,
    )
