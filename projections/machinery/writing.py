"""Writes what a batch came to, in the caller's transaction."""

from collections.abc import Mapping
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from projections.machinery.columns import RowWriter, register
from projections.machinery.folding import Folded, Folder
from projections.machinery.projection import Table

SCHEMA = "heartline_projections"


class Writer:
    """Writes to one connection."""

    def __init__(self, connection: Connection[Any], folder: Folder) -> None:
        self._connection = connection
        self._folder = folder
        self._tables: dict[str, tuple[Table, str, RowWriter]] = {
            table.name: (table, projection.name, RowWriter(table.row))
            for projection in folder.projections
            for table in projection.tables
        }
        self._row_types: dict[str, int] = {}
        register(connection.adapters)

    def write(self, folded: Folded, generations: Mapping[str, int]) -> None:
        """Write rows and memories, and note what was set aside, for these generations of the projections."""
        for name, rows in folded.rows.items():
            table, projection, writer = self._tables[name]
            self._write_rows(f"{name}_{generations[projection]}", writer, list(rows.values()), replace=table.replaced)
        self._keep_memories(folded, generations)
        if folded.set_aside:
            aside = [
                (one.partition, one.position, one.projection, generations[one.projection], one.error)
                for one in folded.set_aside
            ]
            self._connection.execute(
                "select heartline.set_events_aside(%s::integer[], %s::bigint[], %s::text[], %s::integer[], %s::text[])",
                [list(column) for column in zip(*aside, strict=True)],
            )

    def _write_rows(self, table: str, writer: RowWriter, rows: list[Any], *, replace: bool) -> None:
        row_type = self._row_types.get(table)
        if row_type is None:
            row_type = self._row_types[table] = self._row_type(table)
        self._connection.execute(
            SQL("select {}(%b, %b)").format(Identifier(SCHEMA, f"write_{table}")),
            (writer.written(rows, row_type), replace),
        )

    def _row_type(self, table: str) -> int:
        found = self._connection.execute("select %s::regtype::oid", (f'{SCHEMA}."{table}"',)).fetchone()
        assert found is not None  # noqa: S101  # the statement gives one row or raises
        return int(found[0])

    def _keep_memories(self, folded: Folded, generations: Mapping[str, int]) -> None:
        kept = [
            (one.partition, stream, name, generations[name], self._folder.written(one.memories[name]))
            for stream, one in folded.streams.items()
            for name in one.changed
        ]
        if not kept:
            return
        self._connection.execute(
            "select heartline.keep_memories(%b::integer[], %b::uuid[], %b::text[], %b::integer[], %b::bytea[])",
            [list(column) for column in zip(*kept, strict=True)],
        )
