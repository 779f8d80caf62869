"""Writing a backup: one moment of a ledger, verified while it is read."""

import zlib
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import version
from typing import Any, Protocol

from infrastructure.backup.errors import LedgerBroken
from infrastructure.backup.format import (
    ENCODER,
    FORMAT,
    FRAME,
    FRAME_BYTES,
    MAGIC,
    START,
    Contents,
    Head,
    Kind,
    Totals,
)
from infrastructure.backup.summary import Summary, Told, summary_of
from infrastructure.ledger.connection import losing_the_database
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.sql import statement
from infrastructure.ledger.verify import Verification, one_moment, rows_of, verify_moment

LEVEL = 1
"""How hard zlib tries. (6 made a backup take twice as long and saved a tenth: a recording of 600 MB.)"""

_ROW_BYTES = 64
_KINDS = {"verify_events": Kind.EVENTS, "verify_deliveries": Kind.DELIVERIES, "verify_content": Kind.CONTENT}


class Output(Protocol):
    """Where a backup goes."""

    def write(self, data: memoryview, /) -> int:
        """Take in bytes, and say how many."""
        ...


class Frames:
    """Writes rows as frames, in bounded memory, and digests what it writes."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._sha = sha256()
        self._rows: list[object] = []
        self._held = 0
        self._place = (Kind.LEDGER, 0)
        self.counts = dict.fromkeys(Kind, 0)
        self.bytes = 0
        self._write(START.pack(MAGIC, FORMAT))

    def row(self, kind: Kind, partition: int, row: tuple[Any, ...]) -> None:
        """Write a row of a table."""
        if (kind, partition) != self._place:
            self.flush()
            self._place = (kind, partition)
        self._rows.append(row)
        self.counts[kind] += 1
        self._held += _ROW_BYTES + sum(len(field) for field in row if isinstance(field, bytes | str))
        if self._held >= FRAME_BYTES:
            self.flush()

    def one(self, kind: Kind, what: Contents | Totals) -> None:
        """Write what stands in a frame of its own."""
        self.flush()
        self._frame(kind, 0, ENCODER.encode(what))

    def flush(self) -> None:
        """Write the rows that wait."""
        if self._rows:
            self._frame(*self._place, ENCODER.encode(self._rows))
        self._rows.clear()
        self._held = 0

    def end(self) -> bytes:
        """Write the digest, and give it."""
        digest = self._sha.digest()
        self._write(digest)
        return digest

    def _frame(self, kind: Kind, partition: int, content: bytes) -> None:
        stored = zlib.compress(content, LEVEL)
        self._write(FRAME.pack(kind.value, partition, len(content), len(stored)))
        self._write(stored)

    def _write(self, data: bytes) -> None:
        self._sha.update(data)
        self.bytes += len(data)
        rest = memoryview(data)
        while rest:  # a pipe without a buffer takes what it can
            rest = rest[self._out.write(rest) :]


def write_backup(ledger: Ledger, out: Output, name: str, told: Told) -> Summary:
    """Write a ledger as of one moment; appends go on meanwhile. `name` is what the answer calls the file.

    What was written lacks its end, and so can't be restored, unless every leaf, chain, delivery and content proved.

    Raises:
        LedgerBroken: something did not.
        DatabaseUnavailable: the database went away.
        OSError: `out` refuses.
    """
    frames = Frames(out)
    with losing_the_database(), one_moment(ledger.connection):
        contents = _contents(ledger)
        frames.one(Kind.LEDGER, contents)
        expected = sum(head.position for head in ledger.heads())

        def read(query: str, partition: int, size: int) -> Iterator[tuple[Any, ...]]:
            kind = _KINDS[query]
            for row in rows_of(ledger, query, partition, size):
                frames.row(kind, partition, row)
                if kind is Kind.EVENTS:
                    told("reading", 1, expected)
                yield row

        found = verify_moment(ledger, read=read)
        if not found.ok:
            raise _broken(found)
        for row in _rows(ledger, "gateways"):
            frames.row(Kind.GATEWAYS, 0, row)
    totals = Totals(
        events=found.events,
        deliveries=frames.counts[Kind.DELIVERIES],
        contents=frames.counts[Kind.CONTENT],
        gateways=frames.counts[Kind.GATEWAYS],
        erased=found.erased,
        heads=[Head(head.position, bytes.fromhex(head.chain)) for head in found.heads],
        redacted=found.redacted,
    )
    frames.one(Kind.TOTALS, totals)
    digest = frames.end()
    return summary_of(name, frames.bytes, digest, contents, totals)


def _contents(ledger: Ledger) -> Contents:
    number = ledger.connection.info.server_version
    return Contents(
        ledger_id=ledger.ledger_id,
        partitions=ledger.partitions,
        content_key=ledger.content_key,
        at=_rows(ledger, "moment")[0][0],
        heartline=version("heartline"),
        postgres=f"{number // 10_000}.{number % 10_000}",
    )


def _rows(ledger: Ledger, query: str) -> list[tuple[Any, ...]]:
    with ledger.connection.cursor(binary=True) as cursor:
        return cursor.execute(statement(f"queries/{query}")).fetchall()


def _broken(found: Verification) -> LedgerBroken:
    first = found.broken[0]
    return LedgerBroken(
        f"No backup was written: the ledger does not prove at {len(found.broken)} places, the first of them "
        f"{first.partition}-{first.position}: {first.reason}. `heartline verify` names all. (To keep a broken database "
        "as it is, copy it with pg_dump.)",
        found,
    )
