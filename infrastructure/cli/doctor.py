"""`heartline doctor` and `migrate`: is everything in place, and putting it there."""

import platform
import shutil
import sys
from importlib.metadata import version
from urllib.parse import urlsplit

import click
from msgspec import Struct, to_builtins

from domain.errors import HeartlineError
from infrastructure.cli.options import json_option, settings
from infrastructure.cli.output import as_json, printable, say
from infrastructure.composition import migrate_database, opened_library
from infrastructure.embedded.server import EmbeddedPostgres
from infrastructure.ledger.connection import AnyConnection
from infrastructure.ledger.revision import LATEST, revision_of
from infrastructure.settings import Settings

EXIT_NOT_DONE = 3
LEAST_FREE_BYTES = 1024**3
OLDEST_POSTGRES = 160_000
"""`pg_input_is_valid`, by which the debugging views never raise, came with PostgreSQL 16."""


class Check(Struct, frozen=True):
    """One thing that was looked at: `ok` is None where it is only told."""

    name: str
    ok: bool | None
    detail: str


@click.command(short_help="Look whether everything is in place.")
@json_option
def doctor(as_json_: bool) -> None:
    """Look whether everything is in place, and say what to do where it is not. Exit code 3 if something is wrong."""
    told = settings()
    checks = [
        Check("heartline", None, f"{version('heartline')}, Python {platform.python_version()}, {platform.system()}"),
        *_where(told),
    ]
    try:
        with opened_library(told) as library:
            connection = library.ledger.connection
            checks += _database(connection)
            heads = library.ledger.heads()
            checks.append(
                Check(
                    "ledger",
                    True,
                    f"{library.ledger.ledger_id}: {sum(head.position for head in heads)} events in "
                    f"{library.ledger.partitions} partitions",
                )
            )
            checks.append(
                Check("projections", None, f"{library.behind()} events behind; every question catches up first")
            )
    except HeartlineError as error:
        checks.append(Check("ledger", False, f"{error} [{error.code}]"))
    ok = all(check.ok is not False for check in checks)
    if as_json_:
        say(as_json({"ok": ok, "checks": to_builtins(checks)}))
    else:
        for check in checks:
            mark = {True: "ok", False: "WRONG", None: ""}[check.ok]
            say(f"{check.name:<13} {mark:<6} {printable(check.detail)}")
    sys.exit(0 if ok else EXIT_NOT_DONE)


def _where(told: Settings) -> list[Check]:
    if told.database_url is not None:
        return [Check("database", None, f"HEARTLINE_DATABASE_URL ({_without_secrets(told.database_url)})")]
    status = EmbeddedPostgres(told.home).status()
    free = shutil.disk_usage(next(one for one in (told.home, *told.home.parents) if one.exists())).free
    return [
        Check("database", None, f"embedded, in {status.data_directory}"),
        Check("binaries", status.binaries is not None, f"{status.version or 'none found'} in {status.binaries or '-'}"),
        Check("log", None, str(status.log)),
        Check("disk", free > LEAST_FREE_BYTES, f"{free // 1024**2:,} MB free below {told.home}"),
    ]


def _without_secrets(database_url: str) -> str:
    try:
        url = urlsplit(database_url)
    except ValueError:
        return "as given"
    return f"{url.hostname or 'local'}{url.path}" if url.scheme else "as given"


def _database(connection: AnyConnection) -> list[Check]:
    number = connection.info.server_version
    revision = revision_of(connection)
    row = connection.execute("select rolname, rolsuper from pg_roles where rolname = current_user").fetchone()
    user, superuser = row or ("?", None)
    owner = connection.execute(
        "select pg_has_role(current_user, relowner, 'member') from pg_class where oid = 'heartline.events'::regclass"
    ).fetchone()
    apart = not superuser and not (owner and owner[0])
    return [
        Check(
            "postgres",
            number >= OLDEST_POSTGRES,
            f"version {number // 10_000}.{number % 10_000} (16 or newer)",
        ),
        Check("schema", revision == LATEST, f"revision {revision}; this version of heartline is of {LATEST}"),
        Check(
            "role",
            apart,
            f"{user} owns no table"
            if apart
            else f"{user} could change the tables: let a role that may create roles run `heartline migrate`",
        ),
    ]


@click.command(short_help="Make the schema, or bring it to today's.")
@click.option("--partitions", type=click.IntRange(1, 4096), default=16, show_default=True, help="Of a ledger made now.")
@json_option
def migrate(partitions: int, as_json_: bool) -> None:
    """Make the ledger's schema in the database, or bring it to today's. A ledger keeps its partitions for ever."""
    told = settings()
    migrate_database(told, partitions)
    with opened_library(told) as library:
        answer = {"ledger_id": str(library.ledger.ledger_id), "partitions": library.ledger.partitions, "schema": LATEST}
    if as_json_:
        say(as_json(answer))
    else:
        say(f"ledger {answer['ledger_id']}: schema {LATEST}, {answer['partitions']} partitions")
