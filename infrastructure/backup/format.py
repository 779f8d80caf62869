r"""The file that holds a ledger. Format 1; numbers are big-endian, unsigned and of the bits that are named.

    magic    14 bytes  89 "HEARTLINE" 0d 0a 1a 0a: a transfer that changes line ends or drops the high bit destroys it
    format   16        1
    frames             one after the other, see below
    digest   32 bytes  SHA-256 over everything before it

A frame is

    kind      8        which rows it holds, one of the letters below
    partition 32       the partition that they are of, 0 where that says nothing
    size      32       bytes of the content before it was compressed
    stored    32       bytes of the content as it follows
    content            zlib (RFC 1950) over msgpack

and comes in this order:

    L  once, first: the ledger, a map of `Contents` (its id, partitions and content key; when, and by what, it was
       written)
    E  the events of a partition in order: rows of [position, stream, version, gateway, engine_key, type, recorded_at,
       payload, leaf, chain]
    D  its deliveries: [delivery, stream, fingerprint, first_version, last_version]
    C  its content: [stream, entry, revision, bytes, salt, equality]
    G  after all partitions, the names given to sources: [source, gateway]
    T  once, last: what there must be, a map of `Totals`

Columns are those of the tables below `ledger/sql/tables`; a stream is 16 bytes. Rows lie in frames of about a mebibyte,
and one row is never parted. What can be made again (snapshots, projections) is not in it, nor are tokens: a machine has
its own.
"""

from enum import Enum
from hashlib import sha256
from struct import Struct as Packing
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

MAGIC: Final = b"\x89HEARTLINE\r\n\x1a\n"
FORMAT: Final = 1
START: Final = Packing(">14sH")
FRAME: Final = Packing(">cIII")
DIGEST_BYTES: Final = sha256().digest_size

FRAME_BYTES: Final = 2**20
"""How much content a frame holds, if no row is larger."""


class Kind(Enum):
    """What a frame holds."""

    LEDGER = b"L"
    EVENTS = b"E"
    DELIVERIES = b"D"
    CONTENT = b"C"
    GATEWAYS = b"G"
    TOTALS = b"T"


Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Id = Annotated[bytes, Meta(min_length=16, max_length=16)]

EventRow = tuple[Integer, Id, Integer, str, str, str, Integer, bytes, bytes, bytes | None]
DeliveryRow = tuple[bytes, Id, bytes, Integer, Integer]
ContentRow = tuple[Id, Integer, Integer, bytes | None, bytes | None, bytes | None]
GatewayRow = tuple[bytes, str]


class Contents(Struct, frozen=True):
    """Which ledger a backup is of. `at` is the moment that it shows, in µs since the Unix epoch."""

    ledger_id: UUID
    partitions: Annotated[int, Meta(ge=1, le=4096)]
    content_key: Annotated[bytes, Meta(min_length=32, max_length=32)]
    at: Integer
    heartline: str
    postgres: str


class Head(Struct, frozen=True, array_like=True):
    """The end of a partition's log; its chain is empty where the log is."""

    position: Integer
    chain: bytes


class Totals(Struct, frozen=True):
    """What a backup holds. `heads` are in the order of the partitions; `erased` counts contents whose bytes are gone,
    as an event says, `redacted` those of which something else is kept, or nothing.
    """

    events: int
    deliveries: int
    contents: int
    gateways: int
    erased: int
    heads: list[Head]
    redacted: int = 0


ENCODER: Final = msgspec.msgpack.Encoder()
EVENT_ROWS: Final = msgspec.msgpack.Decoder(list[EventRow])
DELIVERY_ROWS: Final = msgspec.msgpack.Decoder(list[DeliveryRow])
CONTENT_ROWS: Final = msgspec.msgpack.Decoder(list[ContentRow])
GATEWAY_ROWS: Final = msgspec.msgpack.Decoder(list[GatewayRow])
CONTENTS: Final = msgspec.msgpack.Decoder(Contents)
TOTALS: Final = msgspec.msgpack.Decoder(Totals)
