"""Leaves and chains: what makes a changed byte or a cut tail show. The database computes the same when it appends."""

from collections.abc import Iterable
from hashlib import sha256
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


def _prefixed(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(4, "big") + encoded


def leaf_of(ledger_id: UUID, row: Row) -> bytes:
    """Digest (32 bytes) that binds every field of an event to its place in its ledger."""
    return sha256(
        b"".join(
            (
                LEAF_TAG,
                ledger_id.bytes,
                row.partition.to_bytes(4, "big", signed=True),
                row.position.to_bytes(8, "big", signed=True),
                _prefixed(row.gateway),
                _prefixed(row.engine_key),
                row.version.to_bytes(8, "big", signed=True),
                _prefixed(row.type),
                row.recorded_at.to_bytes(8, "big", signed=True),
                sha256(row.payload).digest(),
            )
        )
    ).digest()


def chain_of(previous: bytes, leaves: Iterable[bytes]) -> bytes:
    """Digest (32 bytes) that binds the leaves of one append to all before; `previous` is empty for a partition's
    first.
    """
    return sha256(previous + b"".join(leaves)).digest()
