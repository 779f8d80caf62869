"""The events of one session, read from a table of a store: in pages, and one by one where a page can't be read."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import msgspec

from infrastructure.openclaw.host.records import Problem
from infrastructure.openclaw.host.store.database import UnreadableStore
from infrastructure.openclaw.host.store.tables import Page, Row, Tables

FAILURES = (sqlite3.Error, UnreadableStore)
"""What reading a page can raise."""

F = TypeVar("F")


class Queries(msgspec.Struct, frozen=True):
    """The three queries of a table of events: a page of them, one of them, and only their numbers."""

    page: str
    one: str
    numbers: str


TRANSCRIPT = Queries("events", "event", "event_numbers")
TRAJECTORY = Queries("runs", "run", "run_numbers")


class Found(msgspec.Struct, Generic[F], frozen=True):
    """Rows of a page, the first cell of each its number; and what else was looked up in the same moment."""

    rows: list[Row]
    beside: F


def pages_of_events(
    tables: Tables, queries: Queries, session: str, after: int, beside: Callable[[Page, list[Row]], F]
) -> Iterator[Found[F] | Problem]:
    """Read a session's events behind the one of number `after`, in order. The last page is empty."""
    last = after

    def page(read: Page) -> Found[F]:
        rows = read.rows(queries.page, session=session, after=last)
        return Found(rows, beside(read, rows))

    while True:
        try:
            found = tables.page(page)
        except FAILURES:
            numbers, problem = _numbers(tables, queries, session, last)
            for seq in numbers:
                yield _alone(tables, queries, session, seq, beside)
                last = seq
            if problem:
                yield problem
                return
            continue
        in_order = _in_order(found.rows, last)
        yield Found(found.rows[: len(in_order)], found.beside)
        last = in_order[-1] if in_order else last
        if len(in_order) < len(found.rows):
            yield _out_of_order(tables, session, last)
        if not in_order or len(in_order) < len(found.rows):
            return


def _numbers(tables: Tables, queries: Queries, session: str, last: int) -> tuple[list[int], Problem | None]:
    """Give the numbers of a page of events that can't be read, and why no page can follow."""
    try:
        rows = tables.rows(queries.numbers, session=session, after=last)
    except FAILURES as error:
        behind = "its events" if last < 0 else f"what follows event {last}"
        return [], Problem(tables.path, session, None, f"{behind} can't be read: {what_failed(error)}")
    numbers = _in_order(rows, last)
    if not rows:
        return [], Problem(tables.path, session, None, f"what follows event {last} can't be read")
    return numbers, _out_of_order(tables, session, last) if len(numbers) < len(rows) else None


def _alone(
    tables: Tables, queries: Queries, session: str, seq: int, beside: Callable[[Page, list[Row]], F]
) -> Found[F] | Problem:
    """Read one event of a page that can't be read as a whole."""

    def page(read: Page) -> Found[F]:
        rows = read.rows(queries.one, session=session, seq=seq)
        return Found(rows, beside(read, rows))

    try:
        found = tables.page(page)
    except FAILURES as error:
        return Problem(tables.path, session, seq, what_failed(error))
    return found if found.rows else Problem(tables.path, session, seq, "its index names it, its table does not have it")


def _in_order(rows: list[Row], last: int) -> list[int]:
    """Give the numbers of the rows as far as each is behind the one before it."""
    numbers: list[int] = []
    for row in rows:
        seq = row[0]
        if not isinstance(seq, int) or seq <= last:
            break
        last = seq
        numbers.append(seq)
    return numbers


def what_failed(error: Exception) -> str:
    """Say why a page can't be read."""
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_INTERRUPT":
        return "SQLite finds no end to it, so the file is broken"
    return f"SQLite says: {error}" if isinstance(error, sqlite3.Error) else str(error)


def _out_of_order(tables: Tables, session: str, last: int) -> Problem:
    return Problem(tables.path, session, None, f"what follows event {last} has no number behind it, so it is not read")
