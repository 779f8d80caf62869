"""The schema of a ledger: every SQL object, in the order in which they are made, and the migrations that own it."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from secrets import token_bytes
from typing import Any, cast
from uuid import uuid4

import psycopg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from infrastructure.ledger.errors import NotALedger
from infrastructure.ledger.sql import statement
from projections.catalogue import OBJECTS as PROJECTION_OBJECTS
from projections.sql import statement as projected

OBJECTS = (
    "tables/ledger",
    "tables/heads",
    "tables/events",
    "indexes/events_stream_version",
    "tables/deliveries",
    "tables/content",
    "tables/snapshots",
    "tables/gateways",
    "tables/tokens",
    "tables/sources",
    "functions/leaf",
    "functions/append",
    "functions/keep_snapshot",
    "functions/name_gateway",
    "functions/keep_token",
    "functions/revoke_token",
    "functions/keep_source",
    "functions/refuse_change",
    "functions/as_jsonb",
    "triggers/events_are_immutable",
    "triggers/deliveries_are_immutable",
    "views/event_log",
)
"""The ledger's objects below `sql/`, in the order of their making."""

SERVICE_ROLE = "heartline_service"
"""Owns nothing; may read, and call the functions that write."""

READER_ROLE = "heartline_reader"
"""May read the views for people, and nothing else."""

ROLES = {SERVICE_ROLE: "service", READER_ROLE: "reader"}
"""What the files below `sql/roles/` that make them are called."""

DEFAULT_PARTITIONS = 16


def object_statements() -> list[str]:
    """Give the statements that make the schema of today from nothing."""
    return [
        "create schema heartline;",
        *(statement(name) for name in OBJECTS),
        *(projected(name) for name in PROJECTION_OBJECTS),
    ]


def migrate(conninfo: str, partitions: int = DEFAULT_PARTITIONS) -> None:
    """Bring a database to the schema of today, and make its ledger with so many partitions if it has none.

    Concurrent calls wait for each other. A ledger that exists keeps its partitions.

    Raises:
        NotALedger: the database's schema is of a later version.
        psycopg.Error: the database went away, or refuses.
    """
    with migrating(conninfo, partitions):
        pass


@contextmanager
def migrating(conninfo: str, partitions: int) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Migrate, and lend the connection: what the block does is of the same transaction, which is committed after it,
    and undone as a whole, migration and all, if it fails.

    Raises:
        NotALedger, psycopg.Error: as `migrate` does.
    """
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=NullPool)
    try:
        with _errors_of_psycopg(), engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(hashtext('heartline.migrate'))"))
            _upgrade(connection)
            _make_roles(connection)
            _make_ledger(connection, partitions)
            yield cast(psycopg.Connection[tuple[object, ...]], connection.connection.driver_connection)
    finally:
        engine.dispose()


@contextmanager
def _errors_of_psycopg() -> Iterator[None]:
    """Raise what the database said, which sqlalchemy wraps."""
    try:
        yield
    except DBAPIError as error:
        raise error.orig or error from error


def scripts() -> ScriptDirectory:
    """Give the migrations."""
    config = Config()
    config.set_main_option("script_location", str(files("infrastructure.ledger").joinpath("migrations")))
    return ScriptDirectory.from_config(config)


def _upgrade(connection: Connection) -> None:
    directory = scripts()
    known = {script.revision for script in directory.walk_revisions()}

    def steps(revision: Any, _context: Any) -> Any:  # alembic's own types for these are Any
        held = set(revision) if isinstance(revision, tuple) else {revision} if revision else set()
        if not held <= known:
            later = ", ".join(sorted(held))
            raise NotALedger(f"The database's schema is of a later version of heartline ({later}): upgrade heartline.")
        return directory._upgrade_revs("head", cast(Any, revision))  # noqa: SLF001  # alembic's own command.upgrade does the same

    connection.execute(text("create schema if not exists heartline"))
    with EnvironmentContext(Config(), directory, fn=steps) as environment:
        environment.configure(connection=connection, version_table_schema="heartline", transaction_per_migration=False)
        environment.run_migrations()


def _make_roles(connection: Connection) -> None:
    """Make the roles, and let the owner act as the service's, where the database lets us make roles."""
    rights = text("select rolcreaterole, rolsuper from pg_roles where rolname = current_user")
    may_create, superuser = connection.execute(rights).one()
    known = text("select 1 from pg_roles where rolname = :role")
    for role, name in ROLES.items():
        if connection.execute(known, {"role": role}).first() is None:
            if not (may_create or superuser):
                continue
            connection.execute(text(statement(f"roles/{name}")))
        if role == SERVICE_ROLE and may_create and not superuser:
            connection.execute(text(f"grant {role} to current_user"))
        connection.execute(text(statement(f"roles/{name}_grants")))


def _make_ledger(connection: Connection, partitions: int) -> None:
    if connection.execute(text("select 1 from heartline.ledger")).first() is not None:
        return
    ledger_id = uuid4()
    connection.execute(
        text("insert into heartline.ledger values (true, :ledger_id, :partitions, :content_key)"),
        {"ledger_id": ledger_id, "partitions": partitions, "content_key": token_bytes(32)},
    )
    connection.execute(
        text("insert into heartline.heads select p, :ledger_id from generate_series(0, :last) p"),
        {"ledger_id": ledger_id, "last": partitions - 1},
    )
    connection.execute(text("select heartline.begin_partitions()"))
