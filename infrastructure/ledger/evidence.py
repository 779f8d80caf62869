"""Leaves and chains: what makes a changed byte or a cut tail show. The database computes the same when it appends."""

from collections.abc import Iterable
from hashlib import sha256
from struct import Struct as Packing
from uuid import UUID

from msgspec import Struct

LEAF_TAG = b"heartline.leaf.1"
"""The domain tag of leaves; another form of them would get another tag."""


class Row(Struct, frozen=True):
    """An event as its table holds it. `recorded_at` in µs since the Unix epoch."""

    partition: int
    position: int
    stream: UUID
    version: int
    gateway: str
    engine_key: str
    type: str
    recorded_at: int
    payload: bytes
    leaf: bytes
    chain: bytes | None


_INT8 = Packing(">q").pack


def prefixed(text: str) -> bytes:
    """Write a text so that it can't run into the next field."""
    encoded = text.encode()
    return len(encoded).to_bytes(4, "big") + encoded


def place_prefix(ledger_id: UUID, partition: int) -> bytes:
    """Begin the leaves of one partition."""
    return LEAF_TAG + ledger_id.bytes + partition.to_bytes(4, "big", signed=True)


def stream_prefix(gateway: str, engine_key: str) -> bytes:
    """Write the fields that the leaves of one stream share."""
    return prefixed(gateway) + prefixed(engine_key)


def leaf_from(
    place: bytes, position: int, stream: bytes, version: int, kind: bytes, recorded_at: int, payload: bytes
) -> bytes:
    """Digest (32 bytes) of an event's fields; those that many events share come as they are written."""
    return sha256(
        b"".join((place, _INT8(position), stream, _INT8(version), kind, _INT8(recorded_at), sha256(payload).digest()))
    ).digest()


def leaf_of(ledger_id: UUID, row: Row) -> bytes:
    """Digest (32 bytes) that binds every field of an event to its place in its ledger."""
    return leaf_from(
        place_prefix(ledger_id, row.partition),
        row.position,
        stream_prefix(row.gateway, row.engine_key),
        row.version,
        prefixed(row.type),
        row.recorded_at,
        row.payload,
    )


def chain_of(previous: bytes, leaves: Iterable[bytes]) -> bytes:
    """Digest (32 bytes) that binds the leaves of one append to all before; `previous` is empty for a partition's
    first.
    """
    return sha256(previous + b"".join(leaves)).digest()
