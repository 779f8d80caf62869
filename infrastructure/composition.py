"""The composition root: everything is wired here and nowhere else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from psycopg.sql import SQL, Identifier

from infrastructure.answers.answers import Answers
from infrastructure.answers.library import Library
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.tokens import LocalTokens, Tokens
from infrastructure.backup.destination import given_stream, new_file
from infrastructure.backup.reading import check
from infrastructure.backup.summary import Summary, Told
from infrastructure.backup.writing import write_backup
from infrastructure.checking.hosts import Hosts
from infrastructure.embedded.address import Address
from infrastructure.embedded.server import EmbeddedPostgres
from infrastructure.ledger.connection import AnyConnection, connect, losing_the_database
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.revision import LATEST, revision_of
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.importing import Importing
from infrastructure.openclaw.kept import ContentPolicy
from infrastructure.openclaw.observed import KeyedBy
from infrastructure.settings import Settings

DATABASE = "heartline"
SERVICE_ROLE = "heartline_service"


@contextmanager
def opened_ledger(settings: Settings) -> Iterator[Ledger]:
    """Open the ledger that the settings name. An embedded one is started, made and migrated as need be.

    Raises:
        HeartlineError: it can't be reached or started, or a database of one's own was not migrated yet.
    """
    if settings.database_url is not None:
        with _as_service(connect(settings.database_url)) as connection:
            yield Ledger(connection)
        return
    with EmbeddedPostgres(settings.home) as address:
        with losing_the_database():
            prepare_embedded(address)
        with connect(address.conninfo(user=SERVICE_ROLE, dbname=DATABASE)) as connection:
            yield Ledger(connection)


@contextmanager
def ledger_source(settings: Settings) -> Iterator[Callable[[], Ledger]]:
    """Give what opens connections to the ledger that the settings name, for as long as a service runs.

    It may be called by several threads. An embedded Postgres that crashed meanwhile is started again by the next call.

    Raises:
        HeartlineError: as `opened_ledger`; the call that is given raises the same.
    """
    if settings.database_url is not None:
        url = settings.database_url
        yield lambda: _ledger_on(_as_service(connect(url)))
        return
    embedded, starting = EmbeddedPostgres(settings.home), Lock()

    def open_embedded() -> Ledger:
        with starting:
            conninfo = embedded.start().conninfo(user=SERVICE_ROLE, dbname=DATABASE)
        return Ledger.open(conninfo)

    with embedded as address:
        with losing_the_database():
            prepare_embedded(address)
        yield open_embedded


def _ledger_on(connection: AnyConnection) -> Ledger:
    try:
        return Ledger(connection)
    except BaseException:
        connection.close()
        raise


@contextmanager
def opened_library(settings: Settings) -> Iterator[Library]:
    """Open the ledger with its projections, to answer from. What another version has folded is folded anew first."""
    with opened_ledger(settings) as ledger:
        library = Library(ledger)
        library.renew()
        yield library


@contextmanager
def opened_answers(settings: Settings, url: str | None = None) -> Iterator[Answers]:
    """Open what answers questions: the service at a URL, or else the ledger that the settings name.

    Raises:
        UnreadableUrl: it is none of a service.
        HeartlineError: as `opened_ledger`.
    """
    if url is None:
        with opened_library(settings) as library:
            yield LocalAnswers(library)
        return
    from infrastructure.remote.answers import RemoteAnswers  # noqa: PLC0415  # local commands don't load an HTTP client
    from infrastructure.remote.service import opened_service  # noqa: PLC0415  # the same

    with opened_service(url, settings.token) as service:
        yield RemoteAnswers(service)


@contextmanager
def opened_tokens(settings: Settings, url: str | None = None) -> Iterator[Tokens]:
    """Open where tokens are kept: the service at a URL, or else the ledger that the settings name."""
    if url is None:
        with opened_ledger(settings) as ledger:
            yield LocalTokens(ledger.connection)
        return
    from infrastructure.remote.service import opened_service  # noqa: PLC0415  # as above
    from infrastructure.remote.tokens import RemoteTokens  # noqa: PLC0415  # as above

    with opened_service(url, settings.token) as service:
        yield RemoteTokens(service)


@contextmanager
def opened_importing(
    settings: Settings, url: str | None, gateway: str | None, keyed_by: KeyedBy, content: ContentPolicy = "full"
) -> Iterator[Callable[[], Importing]]:
    """Open what recordings are imported into: the service at a URL, or else the ledger that the settings name. It is
    called for each recording. A service keeps contents as they are.

    Raises:
        UnreadableUrl: it is none of a service.
        HeartlineError: as `opened_ledger`.
    """
    if url is None:
        with opened_ledger(settings) as ledger:
            yield lambda: Importer(ledger, gateway=gateway, keyed_by=keyed_by, content=content)
        return
    from infrastructure.remote.importing import RemoteEnd  # noqa: PLC0415  # local commands don't load an HTTP client
    from infrastructure.remote.service import opened_service  # noqa: PLC0415  # the same

    with opened_service(url, settings.token) as service:
        yield lambda: Importing(RemoteEnd(service, keyed_by), gateway=gateway)


@contextmanager
def opened_hosts(settings: Settings) -> Iterator[Hosts]:
    """Open the ledger that the settings name, for what hosts keep on their disks.

    Raises:
        HeartlineError: as `opened_ledger`.
    """
    with opened_library(settings) as library:
        yield Hosts(library)


def migrate_database(settings: Settings, partitions: int) -> None:
    """Bring the schema to that of today; a ledger that is made now gets so many partitions."""
    from infrastructure.ledger.schema import migrate  # noqa: PLC0415  # it loads alembic, which few commands need

    if settings.database_url is not None:
        connect(settings.database_url).close()  # which says in our words why it can't be reached
        with losing_the_database():
            migrate(settings.database_url, partitions)
        return
    with EmbeddedPostgres(settings.home) as address, losing_the_database():
        prepare_embedded(address, partitions)


def take_backup(settings: Settings, url: str, file: Path, told: Told) -> Summary:
    """Write a backup of the ledger of the service at a URL, to a new file here."""
    from infrastructure.remote.keeping import take_backup  # noqa: PLC0415  # as above
    from infrastructure.remote.service import opened_service  # noqa: PLC0415  # as above

    with opened_service(url, settings.token) as service:
        return take_backup(service, file, told)


def back_up(settings: Settings, file: Path | BinaryIO, told: Told) -> Summary:
    """Write a backup of the ledger that the settings name, to a new file or to a stream.

    Raises:
        HeartlineError: as `new_file`, `given_stream` and `write_backup` say, or the ledger can't be opened.
    """
    with opened_ledger(settings) as ledger, new_file(file) if isinstance(file, Path) else given_stream(file) as out:
        return write_backup(ledger, out, str(file) if isinstance(file, Path) else "-", told)


def restore(settings: Settings, file: Path, told: Told) -> Summary:
    """Restore a backup to where the settings name: nothing is made or started before the file was found whole.

    Raises:
        HeartlineError: as `check` and `restoring.restore` say, or the database can't be reached.
    """
    from infrastructure.backup.restoring import restore  # noqa: PLC0415  # it loads alembic, which few commands need

    checked = check(file, told)
    if settings.database_url is not None:
        connect(settings.database_url).close()  # which says in our words why it can't be reached
        return restore(settings.database_url, checked, told)
    with EmbeddedPostgres(settings.home) as address:
        with losing_the_database():
            owner = _embedded_database(address)
        return restore(owner, checked, told)


def prepare_embedded(address: Address, partitions: int | None = None) -> None:
    """Make the database of an embedded server, and bring it to the schema of today, if it is not."""
    owner = _embedded_database(address)
    with connect(owner) as connection:
        current = revision_of(connection) == LATEST
    if not current:
        from infrastructure.ledger.schema import DEFAULT_PARTITIONS, migrate  # noqa: PLC0415  # as above

        migrate(owner, partitions or DEFAULT_PARTITIONS)


def _embedded_database(address: Address) -> str:
    """Make the database of an embedded server, if it is not there; give its owner's conninfo."""
    with connect(address.conninfo(user=address.superuser, dbname="postgres")) as connection:
        known = connection.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone()
        if known is None:
            _create_database(connection)
    return address.conninfo(user=address.superuser, dbname=DATABASE)


def _create_database(connection: AnyConnection) -> None:
    """Two processes may come here at once: the second finds it made."""
    connection.execute("select pg_advisory_lock(hashtext('heartline.create'))")
    if connection.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone() is None:
        connection.execute(SQL("create database {}").format(Identifier(DATABASE)))


def _as_service(connection: AnyConnection) -> AnyConnection:
    """Give up the rights of the role that one came with, where the service's role may be taken."""
    may = connection.execute(
        "select pg_has_role(current_user, oid, 'member') from pg_roles where rolname = %s", (SERVICE_ROLE,)
    ).fetchone()
    if may and may[0]:
        connection.execute(SQL("set role {}").format(Identifier(SERVICE_ROLE)))
    return connection
