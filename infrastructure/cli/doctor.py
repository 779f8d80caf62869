"""`heartline doctor` and `migrate`: is everything in place, and putting it there."""

import platform
import shutil
import sys
from importlib.metadata import version
from urllib.parse import urlsplit

import click

from domain.errors import HeartlineError, WrongUsage
from infrastructure.answers.objects import Check, ChecksAnswer
from infrastructure.cli.options import json_option, settings, url_option
from infrastructure.cli.output import as_json, printable, say
from infrastructure.composition import migrate_database, opened_answers, opened_library
from infrastructure.embedded.server import EmbeddedPostgres
from infrastructure.ledger.revision import LATEST
from infrastructure.settings import Settings

EXIT_NOT_DONE = 3
LEAST_FREE_BYTES = 1024**3


@click.command(short_help="Look whether everything is in place.")
@url_option
@json_option
def doctor(url: str | None, as_json_: bool) -> None:
    """Look whether everything is in place, and say what to do where it is not. Exit code 3 if something is wrong."""
    told = settings()
    here = f"{version('heartline')}, Python {platform.python_version()}, {platform.system()}"
    checks = [Check("heartline", None, here), *(_where(told) if url is None else [])]
    try:
        with opened_answers(told, url) as answers:
            checks += answers.checks()
    except HeartlineError as error:
        checks.append(Check("ledger" if url is None else "service", False, f"{error} [{error.code}]"))
    answer = ChecksAnswer(all(check.ok is not False for check in checks), checks)
    if as_json_:
        say(as_json(answer))
    else:
        for check in checks:
            mark = {True: "ok", False: "WRONG", None: ""}[check.ok]
            say(f"{check.name:<13} {mark:<6} {printable(check.detail)}")
    sys.exit(0 if answer.ok else EXIT_NOT_DONE)


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


@click.command(short_help="Make the schema, or bring it to today's.")
@click.option("--partitions", type=click.IntRange(1, 4096), default=16, show_default=True, help="Of a ledger made now.")
@url_option
@json_option
def migrate(partitions: int, url: str | None, as_json_: bool) -> None:
    """Make the ledger's schema in the database, or bring it to today's. A ledger keeps its partitions for ever."""
    if url is not None:
        raise WrongUsage(
            "A service can't migrate its database: it may not change tables. Run `heartline migrate` where its "
            "database can be reached, with HEARTLINE_DATABASE_URL as an owner of the tables."
        )
    told = settings()
    migrate_database(told, partitions)
    with opened_library(told) as library:
        answer = {"ledger_id": str(library.ledger.ledger_id), "partitions": library.ledger.partitions, "schema": LATEST}
    if as_json_:
        say(as_json(answer))
    else:
        say(f"ledger {answer['ledger_id']}: schema {LATEST}, {answer['partitions']} partitions")
