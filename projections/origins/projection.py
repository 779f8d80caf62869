"""The fold of sightings."""

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from msgspec import Struct

from domain.entries import Identity
from domain.events import EntriesRecorded
from projections.machinery.projection import Nothing, Projection, Recorded, Row, Table


class SightingRow(Struct, frozen=True):
    """A byte form of an entry that an event records: its stream did not hold it before.

    `identity` is a digest of the entry's identity; `named` says that the host gave it an id. Times in µs.
    """

    partition: int
    position: int
    place: int
    identity: bytes
    named: bool
    stream: UUID
    version: int
    entry: int
    revision: int
    session_id: str
    delivered: bool
    occurred_at: int
    recorded_at: int


class RepeatRow(Struct, frozen=True):
    """A byte form of an entry that its stream held when it was met again. Times in µs."""

    partition: int
    position: int
    place: int
    stream: UUID
    version: int
    entry: int
    revision: int
    session_id: str
    delivered: bool
    occurred_at: int
    recorded_at: int


WHOSE = ("delivered", "transcript")
"""How entries are sighted where it says whose they are."""


def identity_digest(identity: Identity) -> bytes:
    """Digest (16 bytes) of an entry's identity, by which it is looked up."""
    role, timestamp, discriminator = (str(part).encode() for part in identity)
    parts = b"".join(len(part).to_bytes(4, "big") + part for part in (role, timestamp, discriminator))
    return sha256(parts).digest()[:16]


def fold(_nothing: Nothing | None, one: Recorded) -> tuple[None, Sequence[Row]]:
    """Give a row for each entry that an event records, and for each that it meets again."""
    event = one.event
    if not isinstance(event, EntriesRecorded):
        return None, ()
    delivered = event.sighted in WHOSE
    rows: list[Row] = [
        SightingRow(
            one.partition,
            one.position,
            place,
            identity_digest(revision.identity),
            bool(revision.discriminator),
            one.stream,
            one.version,
            revision.entry,
            revision.revision,
            event.session_id,
            delivered,
            event.occurred_at,
            one.recorded_at,
        )
        for place, revision in enumerate(event.revisions)
    ]
    rows += [
        RepeatRow(
            one.partition,
            one.position,
            place,
            one.stream,
            one.version,
            entry,
            revision_number,
            event.session_id,
            delivered,
            event.occurred_at,
            one.recorded_at,
        )
        for place, (entry, revision_number) in enumerate(event.again)
    ]
    return None, rows


ORIGINS = Projection(
    name="origins",
    version=1,
    memory=Nothing,
    fold=fold,
    tables=(
        Table("sightings", SightingRow, ("partition", "position", "place"), replaced=False),
        Table("repeats", RepeatRow, ("partition", "position", "place"), replaced=False),
    ),
    objects=(
        "origins/sightings",
        "origins/by_identity",
        "origins/by_entry",
        "origins/repeats",
        "origins/repeats_by_entry",
        "origins/register",
        "origins/view",
        "origins/entries_view",
    ),
    takes=frozenset((EntriesRecorded,)),
)
