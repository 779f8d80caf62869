"""The service as a process of its own: why it does not start, told in a line."""

import socket
from pathlib import Path

import psycopg
import pytest

from tests.databases import Databases
from tests.infrastructure.cli.running import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def refused(home: Home, database: str, port: int = 0) -> str:
    """Start it; give the line that it says instead."""
    said = home.run("serve", "--port", str(port), code=3, HEARTLINE_DATABASE_URL=database).err
    assert said.count("\n") == 1
    return said


def test_a_port_that_is_taken_is_named(home: Home, database: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(home, database, port)
    assert f"127.0.0.1:{port} can't be listened on: Address already in use" in said
    assert "--port" in said
    assert said.endswith("[address-taken]\n")


def test_a_database_that_is_not_there_is_named_by_its_setting(home: Home, tmp_path: Path) -> None:
    said = refused(home, f"host={tmp_path} user=postgres dbname=none")
    assert "HEARTLINE_DATABASE_URL" in said
    assert said.endswith("[database-unavailable]\n")


def test_a_database_without_a_ledger_is_to_be_migrated(home: Home, databases: Databases) -> None:
    said = refused(home, databases.make(partitions=None))
    assert "run `heartline migrate`" in said
    assert said.endswith("[not-a-ledger]\n")


def test_a_ledger_of_another_version_is_to_be_migrated(home: Home, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("alter function heartline.append rename to append_otherwise")
    said = refused(home, database)
    assert "`heartline migrate`" in said
    assert said.endswith("[not-a-ledger]\n")
