"""One embedded Postgres with its default settings for all peers of a run, and a fresh database for each benchmark."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct
from psycopg.sql import SQL, Identifier

from infrastructure.composition import SERVICE_ROLE
from infrastructure.embedded.address import Address
from infrastructure.embedded.server import EmbeddedPostgres
from infrastructure.ledger.connection import connect
from infrastructure.ledger.schema import migrate


class Database(Struct, frozen=True):
    """A database that holds a ledger. Peers come as its owner, we as the service's role, which owns nothing."""

    host: str
    port: int
    name: str
    superuser: str
    owner: str
    service: str


class Server:
    """A running server."""

    def __init__(self, address: Address) -> None:
        self._address = address

    @contextmanager
    def database(self, name: str, partitions: int = 16) -> Iterator[Database]:
        """Make a database with a ledger, and drop it afterwards."""
        address = self._address
        maintenance = address.conninfo(user=address.superuser, dbname="postgres")
        with connect(maintenance) as connection:
            connection.execute(SQL("create database {}").format(Identifier(name)))
        owner = address.conninfo(user=address.superuser, dbname=name)
        migrate(owner, partitions)
        yield Database(
            host=str(address.socket_directory),
            port=address.port,
            name=name,
            superuser=address.superuser,
            owner=owner,
            service=address.conninfo(user=SERVICE_ROLE, dbname=name),
        )
        with connect(maintenance) as connection:
            connection.execute(SQL("drop database {} with (force)").format(Identifier(name)))


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server in a temporary home."""
    with TemporaryDirectory(prefix="hl-bench-") as folder, EmbeddedPostgres(Path(folder) / "home") as address:
        yield Server(address)
