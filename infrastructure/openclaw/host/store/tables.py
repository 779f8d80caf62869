"""The tables of a host's store: the queries that are asked of them, fitted to the columns that are there."""

import re
import sqlite3
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import TypeVar

from infrastructure.openclaw.host.records import Problem
from infrastructure.openclaw.host.store.database import Database

Cell = bytes | int | float | None
Row = tuple[Cell, ...]

MOST_ROWS = 1024
"""The most rows of a page."""

MOST_BYTES = 4 << 20
"""How many bytes of texts end a page: so much, and one row, is held at once."""

READ: Mapping[str, str] = {
    "meta": "schema_meta",
    "session": "session_windows",
    "node": "session_nodes",
    "event": "transcript_events",
    "active": "session_transcript_active_events",
    "state": "session_transcript_index_state",
    "rewrite": "transcript_rewrite_watermarks",
    "run": "trajectory_runtime_events",
    "cold": "session_transcript_cold_archives",
    "archive": "session_transcript_archives",
    "outcome": "heartbeat_outcomes",
    "pending": "context_engine_turn_outbox",
}
"""The tables that are read, by what a row of each is called in the queries."""

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "meta": ("meta_key",),
    "session": ("session_id",),
    "node": ("session_key", "current_session_id"),
    "event": ("session_id", "seq"),
    "active": ("session_id", "event_seq"),
    "state": ("session_id", "indexed_seq"),
    "rewrite": ("session_id", "generation"),
    "run": ("session_id", "seq", "event_json"),
    "cold": ("session_id", "last_seq", "archive_name"),
    "archive": ("archive_name", "session_id", "archive_blob"),
    "outcome": ("session_key", "outcome"),
    "pending": ("advancement_key", "session_id"),
}
_COLUMN = re.compile(rf"\b({'|'.join(READ)})\.([a-z0-9_]+)\b")

T = TypeVar("T")

_STATEMENTS = files("infrastructure.openclaw.host.store").joinpath("sql")


@cache
def statement(name: str) -> str:
    """Give the text of an SQL file, by its name without the ending."""
    return (
        files("infrastructure.openclaw.host.store").joinpath("sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")
    )


class Tables:
    """What a store's tables hold, a page at a time."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.path = str(database.path)
        self._columns = database.page(_surveyed)

    def has(self, name: str) -> bool:
        """Tell whether the table of this kind of rows is there, with the columns that nothing is read without."""
        return not self._lacking(name, _NEEDED[name])

    def page(self, read: "Callable[[Page], T]") -> T:
        """Read something of one moment. Raises what SQLite raises, and UnreadableStore."""
        return self.database.page(lambda connection: read(Page(connection, self._columns)))

    def rows(self, name: str, /, **parameters: str | int) -> list[Row]:
        """Answer one query by itself: at most a page of it."""
        return self.page(lambda page: page.rows(name, **parameters))

    def problems(self) -> list[Problem]:
        """Say which tables and columns are missing."""
        wanted: dict[str, set[str]] = {name: set(needed) for name, needed in _NEEDED.items()}
        for file in sorted(
            files("infrastructure.openclaw.host.store").joinpath("sql").iterdir(), key=lambda file: file.name
        ):
            for name, column in _COLUMN.findall(file.read_text(encoding="utf-8")):
                if column != "rowid":
                    wanted[name].add(column)
        problems: list[Problem] = []
        for name, table in READ.items():
            if table not in self._columns:
                problems.append(Problem(self.path, table, None, f"there is no table `{table}`"))
                continue
            lacking = self._lacking(name, tuple(sorted(wanted[name])))
            if lacking:
                lost = "it is not read" if not self.has(name) else "the rest of it is read"
                named = ", ".join(f"`{column}`" for column in lacking)
                problems.append(Problem(self.path, table, None, f"table `{table}` lacks {named}: {lost}"))
        return problems

    def _lacking(self, name: str, columns: tuple[str, ...]) -> list[str]:
        there = self._columns.get(READ[name], frozenset())
        return [column for column in columns if column not in there]


class Page:
    """One transaction, in which queries see the store as of the same moment."""

    def __init__(self, connection: sqlite3.Connection, columns: Mapping[str, frozenset[str]]) -> None:
        self._connection = connection
        self._columns = columns

    def rows(self, name: str, /, **parameters: str | int) -> list[Row]:
        """Answer a query; the answer ends early where its texts are long. Columns that are missing are None."""
        text = _COLUMN.sub(self._fitted, statement(name))
        found: list[Row] = []
        size = 0
        for row in self._connection.execute(text, {"most": MOST_ROWS, **parameters}):
            found.append(row)
            size += sum(len(cell) for cell in row if isinstance(cell, bytes))
            if size >= MOST_BYTES:
                break
        return found

    def _fitted(self, column: re.Match[str]) -> str:
        there = self._columns.get(READ[column[1]], frozenset())
        return column[0] if column[2] in there or column[2] == "rowid" else "null"


def _surveyed(connection: sqlite3.Connection) -> dict[str, frozenset[str]]:
    """Give the tables that are read, each with its columns; views that are called so are not asked."""
    columns: dict[str, frozenset[str]] = {}
    for name, listed in connection.execute("select name, type from sqlite_master").fetchall():
        table = bytes(name).decode(errors="replace") if isinstance(name, bytes) else ""
        if listed == b"table" and table in READ.values():
            described = connection.execute("select name from pragma_table_xinfo(?)", (table,)).fetchall()
            columns[table] = frozenset(bytes(column).decode(errors="replace").lower() for (column,) in described)
    return columns
