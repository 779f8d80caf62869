"""The fold of sightings."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import astuple
from psycopg import Connection

from domain.entries import Identity
from domain.events import EntriesRecorded
from projections.projection import Recorded


class SightingRow(Struct, frozen=True):
    """An entry that an event records or delivers; `identity` is None where it was recorded earlier in its stream.

    Times in µs since the Unix epoch.
    """

    position: int
    place: int
    gateway: str
    identity: bytes | None
    named: bool
    stream: UUID
    version: int
    entry: int
    revision: int
    session_id: str
    delivered: bool
    occurred_at: int
    recorded_at: int


def identity_digest(identity: Identity) -> bytes:
    """Digest (16 bytes) of an entry's identity, by which it is looked up."""
    role, timestamp, discriminator = (str(part).encode() for part in identity)
    parts = b"".join(len(part).to_bytes(4, "big") + part for part in (role, timestamp, discriminator))
    return sha256(parts).digest()[:16]


def fold(events: Iterable[Recorded]) -> list[SightingRow]:
    """Give the rows that are new: one for each entry that an event records, and for each that it delivers again."""
    rows: list[SightingRow] = []
    for one in events:
        event = one.event
        if not isinstance(event, EntriesRecorded):
            continue
        seen = [
            (revision.reference, identity_digest(revision.identity), bool(revision.discriminator))
            for revision in event.revisions
        ]
        again = [(reference, None, False) for reference in event.again]
        for place, ((entry, number), identity, named) in enumerate([*seen, *again]):
            rows.append(
                SightingRow(
                    position=one.position,
                    place=place,
                    gateway=one.gateway,
                    identity=identity,
                    named=named,
                    stream=one.stream,
                    version=one.version,
                    entry=entry,
                    revision=number,
                    session_id=event.session_id,
                    delivered=event.sighted == "delivered",
                    occurred_at=event.occurred_at,
                    recorded_at=one.recorded_at,
                )
            )
    return rows


class Sightings:
    """The projection."""

    name = "sightings"

    def apply(self, connection: Connection[Any], partition: int, events: Sequence[Recorded], after: int) -> bool:
        """Fold a batch."""
        rows = [astuple(row) for row in fold(events)]
        columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _field in range(13)]
        written = connection.execute(
            "select heartline.apply_sightings(%s, %s, %s, %s::bigint[], %s::integer[], %s::text[], %s::bytea[],"
            " %s::boolean[], %s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::boolean[],"
            " %s::bigint[], %s::bigint[])",
            (partition, after, events[-1].position, *columns),
        ).fetchone()
        return bool(written and written[0])
