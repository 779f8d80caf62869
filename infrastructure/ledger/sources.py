"""What was imported from where, and how far. It is no part of the evidence."""

from hashlib import sha256

from msgspec import Struct, json
from psycopg.rows import class_row, scalar_row

from infrastructure.ledger.connection import AnyConnection, losing_the_database
from infrastructure.ledger.sql import statement

MOST_PROBLEMS = 100
"""So many of the problems that its last import met are kept of a source; they are all counted."""


class Skipped(Struct, frozen=True):
    """Something of a source that could not be read, and why."""

    place: str
    reason: str


class Source(Struct, frozen=True):
    """What was imported of a source, in all imports; `problems` are of the last one. Times in µs, Unix epoch."""

    source: bytes
    gateway: str
    kind: str
    path: str
    problems: bytes
    problem_count: int
    records: int
    recorded: int
    events: int
    first_at: int
    last_at: int

    @property
    def skipped(self) -> list[Skipped]:
        """What could not be read in the last import, as far as it is kept."""
        return json.decode(self.problems, type=list[Skipped])


class Progress(Struct):
    """What an import of a source came to: records that were read, those of which something was recorded, its events."""

    records: int = 0
    recorded: int = 0
    events: int = 0


def source_key(gateway: str, kind: str, identity: bytes) -> bytes:
    """Digest (32 bytes) of what a source is known by."""
    parts = (gateway.encode(), kind.encode(), identity)
    return sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


def marks_of(connection: AnyConnection, source: bytes) -> bytes | None:
    """Give where reading a source goes on, in its reader's own form; None where it was never read."""
    with losing_the_database(), connection.cursor(row_factory=scalar_row, binary=True) as cursor:
        marks: bytes | None = cursor.execute(statement("queries/source_marks"), {"source": source}).fetchone()
    return marks


def keep_source(
    connection: AnyConnection,
    source: bytes,
    *,
    gateway: str,
    kind: str,
    path: str,
    marks: bytes,
    skipped: list[Skipped],
    progress: Progress,
) -> None:
    """Keep how far a source was imported; the counts are added to those of earlier imports."""
    with losing_the_database():
        connection.execute(
            statement("queries/keep_source"),
            {
                "source": source,
                "gateway": gateway,
                "kind": kind,
                "path": path,
                "marks": marks,
                "problems": json.encode(skipped[:MOST_PROBLEMS]),
                "problem_count": len(skipped),
                "records": progress.records,
                "recorded": progress.recorded,
                "events": progress.events,
            },
        )


def sources(connection: AnyConnection, gateway: str | None = None) -> list[Source]:
    """Give what was imported, of a gateway or of all, the newest first."""
    with losing_the_database(), connection.cursor(row_factory=class_row(Source), binary=True) as cursor:
        return cursor.execute(statement("queries/sources"), {"gateway": gateway}).fetchall()
