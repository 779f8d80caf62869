"""Restoring a backup: everything in one transaction, which is only committed if the restored ledger proves."""

import time
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, LiteralString, assert_never
from uuid import UUID

import msgspec
from msgspec import Struct
from psycopg.errors import DataError, InsufficientPrivilege, IntegrityError, LockNotAvailable

from infrastructure.backup.errors import LedgerInUse, LedgerNotEmpty, RestoreRefused
from infrastructure.backup.format import CONTENT_ROWS, DELIVERY_ROWS, EVENT_ROWS, GATEWAY_ROWS, Kind
from infrastructure.backup.reading import Checked, frames, unusable
from infrastructure.backup.summary import Summary, Told
from infrastructure.ledger.connection import LOCK_TIMEOUT_MS, AnyConnection, losing_the_database
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.schema import migrating
from infrastructure.ledger.sql import statement
from infrastructure.ledger.verify import rows_of, verify_moment

LEAVE_SECONDS = 2.0
"""How long a process that is about to end may take to leave the database."""

Rows = Iterator[tuple[Any, ...]]


class _Table(Struct, frozen=True):
    """How the rows of a frame become those of a table."""

    copy: LiteralString
    types: tuple[str, ...]
    rows: Callable[[int, bytes], Rows]


def restore(conninfo: str, checked: Checked, told: Told) -> Summary:
    """Make the ledger of a file that was checked that of a database, whose owner `conninfo` must be.

    The database holds no ledger yet, or one in which nothing ever happened, which gives way. If anything fails, nothing
    of it remains. Projections are made anew when somebody asks. Tokens of the database stay.

    Raises:
        LedgerNotEmpty: it holds events.
        LedgerInUse: another process of heartline is connected to it: it would go on with what it knows of the ledger.
        BackupUnusable: what is in the file does not prove, or the file was changed meanwhile.
        RestoreRefused: the role is not the database's owner.
        NotALedger: the database's schema is of a later version.
        DatabaseUnavailable, DatabaseRefused: it went away, or could not do it.
    """
    contents = checked.contents
    try:
        with losing_the_database(), migrating(conninfo, contents.partitions) as connection:
            _make_room(connection)
            made = {"ledger_id": contents.ledger_id, "partitions": contents.partitions}
            connection.execute(statement("queries/restore_ledger"), {**made, "content_key": contents.content_key})
            connection.execute(statement("queries/restore_heads"), made)
            _copy(connection, checked, told)
            connection.execute(statement("queries/analyze_ledger"))
            _prove(connection, checked, told)
    except InsufficientPrivilege as error:
        raise RestoreRefused(
            f"The database does not let this role restore ({error.diag.message_primary}): name the owner of the "
            "database in HEARTLINE_DATABASE_URL. Nothing was restored."
        ) from error
    return checked.summary


def _make_room(connection: AnyConnection) -> None:
    """Keep everybody else out, and take away the empty ledger that is there."""
    connection.execute(statement("queries/restore_limits"), {"lock": f"{LOCK_TIMEOUT_MS}ms"})
    try:
        connection.execute(statement("queries/lock_ledger"))
    except LockNotAvailable as error:
        raise LedgerInUse(_IN_USE) from error
    if _says(connection, "holds_anything"):
        raise LedgerNotEmpty(
            "The database holds a ledger with events, which a restore never replaces: restore into another database "
            "(HEARTLINE_DATABASE_URL) or another folder (HEARTLINE_HOME). Nothing was restored."
        )
    # Under the lock: whoever read what this ledger is has read it before, and is still connected or gone.
    deadline = time.monotonic() + LEAVE_SECONDS
    while _says(connection, "others_at_work"):
        if time.monotonic() > deadline:
            raise LedgerInUse(_IN_USE)
        time.sleep(0.05)
        connection.execute(statement("queries/look_again"))
    connection.execute(statement("queries/empty_ledger"))


_IN_USE = (
    "Another heartline uses the database: stop it (`heartline serve`, an import) and restore again. "
    "Nothing was restored."
)


def _says(connection: AnyConnection, query: str) -> bool:
    row = connection.execute(statement(f"queries/{query}")).fetchone()
    return bool(row and row[0])


def _copy(connection: AnyConnection, checked: Checked, told: Told) -> None:
    counts = dict.fromkeys(Kind, 0)
    try:
        for kind, run in groupby(frames(checked, told), key=lambda frame: frame[0]):
            table = _table(kind)
            if table is None:
                raise unusable(checked.path, "is not what a backup is (its frames are not in order)")
            with connection.cursor() as cursor, cursor.copy(table.copy) as copy:
                copy.set_types(table.types)
                for _kind, partition, content in run:
                    if partition >= checked.contents.partitions:
                        raise unusable(checked.path, f"is not what a backup is (it has no partition {partition})")
                    for row in table.rows(partition, content):
                        copy.write_row(row)
                        counts[kind] += 1
    except (msgspec.DecodeError, DataError, IntegrityError) as error:
        raise unusable(checked.path, f"is not what a backup is ({' '.join(str(error).split())})") from error
    totals = checked.totals
    wanted = (totals.events, totals.deliveries, totals.contents, totals.gateways)
    if wanted != tuple(counts[kind] for kind in (Kind.EVENTS, Kind.DELIVERIES, Kind.CONTENT, Kind.GATEWAYS)):
        raise unusable(checked.path, "is not what a backup is (it holds other counts of rows than it says)")


def _prove(connection: AnyConnection, checked: Checked, told: Told) -> None:
    """Verify what the database now holds, and that it is what the file says."""
    ledger = Ledger(connection)

    def read(query: str, partition: int, size: int) -> Rows:
        for row in rows_of(ledger, query, partition, size):
            yield row
            if query == "verify_events":
                told("verifying", 1, checked.totals.events)

    found = verify_moment(ledger, read=read)
    if not found.ok:
        first = found.broken[0]
        raise unusable(
            checked.path,
            f"holds a ledger that does not prove: at {first.partition}-{first.position}, {first.reason}",
        )
    counted, wanted = (found.erased, found.redacted), (checked.totals.erased, checked.totals.redacted)
    if found.heads != checked.summary.heads or counted != wanted:
        raise unusable(checked.path, "holds another ledger than it says: its heads are not those of its events")


def _table(kind: Kind) -> _Table | None:
    match kind:
        case Kind.EVENTS:
            return _EVENTS
        case Kind.DELIVERIES:
            return _DELIVERIES
        case Kind.CONTENT:
            return _CONTENT
        case Kind.GATEWAYS:
            return _GATEWAYS
        case Kind.LEDGER | Kind.TOTALS:
            return None
        case _:
            assert_never(kind)


def _event_rows(partition: int, content: bytes) -> Rows:
    for position, stream, *rest in EVENT_ROWS.decode(content):
        yield partition, position, UUID(bytes=stream), *rest


def _delivery_rows(partition: int, content: bytes) -> Rows:
    for delivery, stream, *rest in DELIVERY_ROWS.decode(content):
        yield partition, delivery, UUID(bytes=stream), *rest


def _content_rows(partition: int, content: bytes) -> Rows:
    for stream, *rest in CONTENT_ROWS.decode(content):
        yield partition, UUID(bytes=stream), *rest


def _gateway_rows(_partition: int, content: bytes) -> Rows:
    yield from GATEWAY_ROWS.decode(content)


_EVENTS = _Table(
    statement("queries/restore_events"),
    ("int4", "int8", "uuid", "int8", "text", "text", "text", "int8", "bytea", "bytea", "bytea"),
    _event_rows,
)
_DELIVERIES = _Table(
    statement("queries/restore_deliveries"), ("int4", "bytea", "uuid", "bytea", "int8", "int8"), _delivery_rows
)
_CONTENT = _Table(
    statement("queries/restore_content"), ("int4", "uuid", "int8", "int8", "bytea", "bytea", "bytea"), _content_rows
)
_GATEWAYS = _Table(statement("queries/restore_gateways"), ("bytea", "text"), _gateway_rows)
