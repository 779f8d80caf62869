"""The generations of projections: begun, compared with the live one, and let take over."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import psycopg
from msgspec import Struct
from psycopg import Connection, IsolationLevel
from psycopg.rows import class_row
from psycopg.sql import SQL, Composed, Identifier

from projections.machinery.columns import RowWriter
from projections.machinery.offsets import all_reached
from projections.machinery.projection import AnyProjection, Table
from projections.machinery.projector import Projector
from projections.machinery.writing import SCHEMA
from projections.sql import statement

EXAMPLES = 3
"""How many rows are shown that only one generation holds, of each table, partition and side."""

TRIES = 5
"""How often a comparison waits for a moment at which both generations are equally far; then it holds the live one."""


SWAP_WAIT_MS = 500
"""How long a swap waits for readers before it lets those pass who came meanwhile."""


class Difference(Struct, frozen=True):
    """Rows of a table and partition in which two generations differ at equal offsets; `only_live` and `only_new` show
    some, as Postgres writes them.
    """

    table: str
    partition: int
    live_rows: int
    new_rows: int
    only_live: tuple[str, ...]
    only_new: tuple[str, ...]


def begin(connection: Connection[Any], projection: AnyProjection) -> int:
    """Begin a generation beside the live one, or go on with the one that was begun; give its number."""
    found = connection.execute(
        "select heartline.begin_generation(%s, %s)", (projection.name, projection.version)
    ).fetchone()
    assert found is not None  # noqa: S101  # the statement gives one row or raises
    return int(found[0])


def drop_filling(connection: Connection[Any], projection: AnyProjection) -> None:
    """Drop the generation that was begun beside the live one, if there is one."""
    connection.execute(
        "select heartline.drop_generation(projection, generation) from heartline_projections.generations"
        " where projection = %s and state = 'filling'",
        (projection.name,),
    )


def build_indexes(connection: Connection[Any], table: str, generation: int) -> None:
    """Make the indexes that a table of a generation does not have yet."""
    connection.execute("select heartline.build_indexes(%s, %s)", (table, generation))


def swap(connection: Connection[Any], projection: AnyProjection, generation: int) -> bool:
    """Let a generation take over; False if it is behind the live one, is not being filled any more, or somebody has
    been reading for long: new readers would wait behind the swap.
    """
    try:
        with connection.transaction():
            connection.execute(f"set local lock_timeout = '{SWAP_WAIT_MS}ms'".encode())
            found = connection.execute(
                "select heartline.swap_generation(%s, %s)", (projection.name, generation)
            ).fetchone()
    except psycopg.errors.LockNotAvailable:
        return False
    return bool(found and found[0])


def count(connection: Connection[Any], projection: AnyProjection, generation: int) -> int:
    """Count the rows of a generation."""
    query = SQL(" + ").join(
        SQL("(select count(*) from {})").format(_table(table, generation)) for table in projection.tables
    )
    found = connection.execute(SQL("select {}").format(query)).fetchone()
    return int(found[0]) if found else 0


def compare(connection: Connection[Any], projection: AnyProjection, partitions: Sequence[int]) -> list[Difference]:
    """Compare the generation that is filled with the live one, at equal offsets.

    It goes up to where the live one is, and both are read in one snapshot; the live one goes on meanwhile.
    """
    differences: list[Difference] = []
    left = list(partitions)
    for _try in range(TRIES):
        left = _compare_equal(connection, projection, left, differences)
        if not left:
            return differences
    for partition in left:
        with connection.transaction():  # whoever folds this partition waits for so long, and nobody else
            connection.execute("select from heartline.hold_offsets(%s, 'live', %s)", ([projection.name], [partition]))
            _go_up_to_live(connection, projection, [partition])
            differences += _differences(connection, projection, [partition])
    return differences


def outdated(connection: Connection[Any], projections: Iterable[AnyProjection]) -> list[AnyProjection]:
    """Give the projections whose live generation was filled by the fold of another version."""
    live = {one.projection: one.version for one in generations(connection) if one.state == "live"}
    return [one for one in projections if live.get(one.name) != one.version]


def renew(
    connection: Connection[Any],
    projection: AnyProjection,
    ends: Callable[[], Mapping[int, int]],
    go_on: Callable[[], bool] = lambda: True,
) -> bool:
    """Fill a generation of this version beside the live one of another, up to the `ends` of the ledger, and let it take
    over; False if it did not, or if `go_on`, which is asked before each batch, ended it before.
    """
    generation = begin(connection, projection)
    projector = Projector(connection, [projection], "filling")
    while go_on():
        if projector.advance(ends()) is not None:
            continue
        for table in projection.tables:
            build_indexes(connection, table.name, generation)
        return swap(connection, projection, generation)
    return False


def _compare_equal(
    connection: Connection[Any], projection: AnyProjection, partitions: Sequence[int], differences: list[Difference]
) -> list[int]:
    """Compare the partitions in which both are equally far; give the others."""
    _go_up_to_live(connection, projection, partitions)
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction():
            live, filling = _positions(connection, projection, "live"), _positions(connection, projection, "filling")
            equal = [one for one in partitions if live.get(one) == filling.get(one)]
            differences += _differences(connection, projection, equal)
    finally:
        connection.isolation_level = None
    return [one for one in partitions if one not in equal]


def _go_up_to_live(connection: Connection[Any], projection: AnyProjection, partitions: Sequence[int]) -> None:
    live = _positions(connection, projection, "live")
    Projector(connection, [projection], "filling").catch_up({one: live[one] for one in partitions})


def _positions(connection: Connection[Any], projection: AnyProjection, state: Any) -> dict[int, int]:
    reached = all_reached(connection, state)
    return {one.partition: one.position for one in reached if one.projection == projection.name}


def _differences(connection: Connection[Any], projection: AnyProjection, partitions: Sequence[int]) -> list[Difference]:
    if not partitions:
        return []
    generations = dict(
        connection.execute(
            "select state, generation from heartline_projections.generations where projection = %s", (projection.name,)
        ).fetchall()
    )
    differences: list[Difference] = []
    for table in projection.tables:
        if not table.compared:
            continue
        live, new = (_table(table, generations[state]) for state in ("live", "filling"))
        ours, theirs = (_digests(connection, table, one, partitions) for one in (live, new))
        for partition in partitions:
            one, other = ours.get(partition, (0, "0")), theirs.get(partition, (0, "0"))
            if one != other:
                only_live = _only_in(connection, live, new, partition)
                only_new = _only_in(connection, new, live, partition)
                differences.append(Difference(table.name, partition, one[0], other[0], only_live, only_new))
    return differences


def _table(table: Table, generation: int) -> Identifier:
    return Identifier(SCHEMA, f"{table.name}_{generation}")


def _digests(
    connection: Connection[Any], table: Table, name: Identifier, partitions: Sequence[int]
) -> Mapping[int, tuple[int, str]]:
    as_text = RowWriter(table.row).hashed_as_text
    hashed = SQL("hashtextextended(t::text, 0)" if as_text else "hash_record_extended(t, 0)")
    query = SQL(statement("machinery/rows_digest")).format(hashed=hashed, table=name)
    rows = connection.execute(query, {"partitions": list(partitions)}).fetchall()
    return {partition: (count, digest) for partition, count, digest in rows}


def _only_in(connection: Connection[Any], one: Identifier, other: Identifier, partition: int) -> tuple[str, ...]:
    query: Composed = SQL(statement("machinery/only_in")).format(one=one, other=other)
    rows = connection.execute(query, {"partition": partition, "limit": EXAMPLES}).fetchall()
    return tuple(text for (text,) in rows)


class Generation(Struct, frozen=True):
    """A generation, how far it is, and how many events it set aside. Times as the database gives them."""

    projection: str
    generation: int
    version: int
    state: str
    begun_at: Any
    live_at: Any
    set_aside: int


def generations(connection: Connection[Any]) -> list[Generation]:
    """List the generations of all projections."""
    with connection.cursor(row_factory=class_row(Generation)) as cursor:
        return cursor.execute(statement("machinery/generations_of")).fetchall()
