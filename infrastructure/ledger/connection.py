"""Connections to a ledger's database: autocommit, with time limits, in the service's role."""

from collections.abc import Iterator
from contextlib import contextmanager
from logging import NullHandler, getLogger

import psycopg
from psycopg import Connection

from infrastructure.ledger.errors import DatabaseRefused, DatabaseUnavailable, UnreadableAddress

LOCK_TIMEOUT_MS = 15_000
"""How long an append waits for the others of its partition before it gives up."""

STATEMENT_TIMEOUT_MS = 120_000
"""How long any statement may take."""

OPTIONS = f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={STATEMENT_TIMEOUT_MS} -c client_encoding=UTF8"

VANISHED_SECONDS = 30
"""How long a database may be silent on the network before it counts as away: else nobody would say so of a machine that
vanished. (Twice as long where it is idle.)
"""

getLogger("psycopg").addHandler(NullHandler())  # or it writes to stderr, beside us, that a connection is lost

CONNECTION_LOST = ("08", "57P")
"""The classes of SQLSTATE that say so (PostgreSQL, "Error Codes"); without one the connection broke off by itself."""

AnyConnection = Connection[tuple[object, ...]]


def connect(conninfo: str) -> AnyConnection:
    """Open a connection in autocommit.

    Raises:
        UnreadableAddress: the address is none.
        DatabaseUnavailable: the database can't be reached.
    """
    try:
        connection = psycopg.connect(
            conninfo,
            autocommit=True,
            connect_timeout=10,
            application_name="heartline",
            keepalives_idle=VANISHED_SECONDS,
            keepalives_interval=VANISHED_SECONDS // 3,
            keepalives_count=3,
            tcp_user_timeout=VANISHED_SECONDS * 1_000,
            options=OPTIONS,
        )
    except psycopg.ProgrammingError:
        raise UnreadableAddress(  # without the text, which may hold a password
            "HEARTLINE_DATABASE_URL can't be read: write postgresql://user@host:5432/database, or key=value pairs."
        ) from None
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        raise DatabaseUnavailable(
            f"The database can't be reached ({reason}): see HEARTLINE_DATABASE_URL and `heartline doctor`."
        ) from error
    connection.prepare_threshold = 2
    return connection


@contextmanager
def losing_the_database() -> Iterator[None]:
    """Say in our words that a connection was lost, or that the database could not do what was asked."""
    try:
        yield
    except psycopg.OperationalError as error:
        reason = error.diag.message_primary or " ".join(str(error).split())  # not where in which function it happened
        if error.sqlstate is not None and not error.sqlstate.startswith(CONNECTION_LOST):
            raise DatabaseRefused(
                f"The database could not do it ({reason}). Nothing of it was written; see to that and try again."
            ) from error
        raise DatabaseUnavailable(
            f"The database went away ({reason}). Try again; nothing acknowledged is lost."
        ) from error
