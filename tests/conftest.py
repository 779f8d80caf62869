"""A Postgres for all tests, and a fresh ledger in it for each test that asks for one."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infrastructure.embedded.server import EmbeddedPostgres
from infrastructure.ledger.ledger import Ledger
from tests.databases import Databases, Server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    home = Path(tempfile.mkdtemp(prefix="heartline-"))
    embedded = EmbeddedPostgres(home)
    address = embedded.start()
    with psycopg.connect(address.conninfo(user=address.superuser, dbname="postgres"), autocommit=True) as connection:
        # Nothing is killed here (tests/crash has servers of its own), and a database for each test costs a second else.
        connection.execute("alter system set fsync = off")
        connection.execute("select pg_reload_conf()")
    try:
        yield Server(lambda dbname: address.conninfo(user=address.superuser, dbname=dbname))
    finally:
        embedded.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def all_databases(server: Server) -> Iterator[Databases]:
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        yield Databases(server, connection)


@pytest.fixture
def databases(all_databases: Databases) -> Iterator[Databases]:
    yield all_databases
    all_databases.drop_all()


@pytest.fixture
def database(databases: Databases) -> str:
    """Give the conninfo of an empty ledger of 16 partitions, for a superuser who owns it."""
    return databases.make()


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with Ledger.open(database) as opened:
        yield opened
