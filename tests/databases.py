"""Databases for tests: copies of templates that were migrated once a session."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from psycopg import Connection, connect
from psycopg.sql import SQL, Identifier

from infrastructure.ledger.schema import migrate


class Server:
    """A running server; `conninfo` gives a superuser's way to one of its databases."""

    def __init__(self, conninfo: Callable[[str], str]) -> None:
        self.conninfo = conninfo


@contextmanager
def own_database(server: Server, name: str) -> Iterator[str]:
    """Make a database without a ledger for as long as the block runs, for several tests; lend its conninfo."""
    with connect(server.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(SQL("create database {} template template0").format(Identifier(name)))
        yield server.conninfo(name)
        connection.execute(SQL("drop database {} with (force)").format(Identifier(name)))


class Databases:
    def __init__(self, server: Server, connection: Connection[tuple[object, ...]]) -> None:
        self.server = server
        self._connection = connection
        self._templates: dict[int, str] = {}
        self._made: list[str] = []
        self._count = 0

    def make(self, partitions: int | None = 16) -> str:
        """Make a database that holds an empty ledger (nothing at all with None); give its conninfo."""
        template = "template0" if partitions is None else self._template(partitions)
        self._count += 1
        name = f"test_{self._count}"
        self._create(name, template)
        self._made.append(name)
        return self.server.conninfo(name)

    def drop_all(self) -> None:
        while self._made:
            name = Identifier(self._made.pop())
            self._connection.execute(SQL("drop database {} with (force)").format(name))

    def _template(self, partitions: int) -> str:
        if partitions not in self._templates:
            name = f"ledger_of_{partitions}"
            self._create(name, "template0")
            migrate(self.server.conninfo(name), partitions)
            self._templates[partitions] = name
        return self._templates[partitions]

    def _create(self, name: str, template: str) -> None:
        self._connection.execute(SQL("create database {} template {}").format(Identifier(name), Identifier(template)))
