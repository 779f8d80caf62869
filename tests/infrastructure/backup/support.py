"""A ledger worth keeping, its backup, and everything that a database holds of a ledger."""

import io
from pathlib import Path

import psycopg
from msgspec import Struct

from domain.events import ContentErased
from infrastructure.backup.destination import new_file
from infrastructure.backup.reading import check
from infrastructure.backup.restoring import restore
from infrastructure.backup.summary import Summary
from infrastructure.backup.writing import write_backup
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.importing import Imported
from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from tests.infrastructure.ledger.appends import a_content, happened, key_in, recording, told

P = 3
TABLES = ("ledger", "heads", "events", "deliveries", "content", "gateways")
ERASED, LARGE = a_content(1, b"to be forgotten"), a_content(2, b"\x00\xff large " * 200_000)


class Kept(Struct, frozen=True):
    """A backup, and all rows of the ledger that it is of."""

    path: Path
    rows: dict[str, list[str]]


def quiet(_stage: str, _more: int, _total: int) -> None:
    """Hear how it goes, and say nothing."""


def import_sample(ledger: Ledger) -> Imported:
    """Import the sample under a name that is made for it."""
    return Importer(ledger).import_recording(str(LIFECYCLE), lambda _bytes: None, str(TRACE))


def fill(ledger: Ledger) -> None:
    """Record the sample, events that are not the domain's, a large content, one that was erased, odd keys."""
    import_sample(ledger)
    partition = P % ledger.partitions
    key = key_in(partition, partitions=ledger.partitions)
    ledger.append(partition, [told(key, b"", b"\x00\xff", delivery="d"), told(key, delivery="without events")])
    ledger.append(partition, [happened(key, recording(ERASED, LARGE), contents=[ERASED, LARGE])])
    ledger.append(partition, [happened(key, ContentErased(occurred_at=4, entry=1, revision=1, reason="asked"))])
    ledger.connection.execute(
        "update heartline.content set bytes = null, salt = null, equality = null"
        " where partition = %s and entry = 1 and bytes = %s",
        (partition, ERASED.data),
    )
    strange = "agent:глагол-🜂:\\u0000'\"\n"
    ledger.append(ledger.partition_of("attic", strange), [told(strange, b"x")])


def backed_up(ledger: Ledger, path: Path) -> Summary:
    """Back a ledger up to a new file."""
    with new_file(path) as out:
        return write_backup(ledger, out, str(path), quiet)


def backup_bytes(ledger: Ledger) -> bytes:
    """Give the bytes of a backup."""
    out = io.BytesIO()
    write_backup(ledger, out, "-", quiet)
    return out.getvalue()


def restored(conninfo: str, path: Path) -> Summary:
    """Restore a backup."""
    return restore(conninfo, check(path, quiet), quiet)


def everything(conninfo: str) -> dict[str, list[str]]:
    """Give all rows of all tables of a ledger, as text; nothing of it where it has none."""
    with psycopg.connect(conninfo) as connection:
        return {
            table: [
                row[0] for row in connection.execute(f"select t::text from heartline.{table} t order by 1".encode())
            ]
            for table in TABLES
            if connection.execute("select to_regclass(%s)", (f"heartline.{table}",)).fetchone() != (None,)
        }


def tables(conninfo: str) -> int:
    """Count the tables that a database holds."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(
            "select count(*) from pg_class where relnamespace = to_regnamespace('heartline')"
        ).fetchone()
    assert row is not None
    return int(row[0])
