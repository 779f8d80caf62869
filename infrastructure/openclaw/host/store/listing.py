"""The rows of a table in the order of the text that is their key, a page at a time."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from infrastructure.openclaw.host.records import Problem
from infrastructure.openclaw.host.store.cells import exact, legible_text
from infrastructure.openclaw.host.store.events import FAILURES, what_failed
from infrastructure.openclaw.host.store.tables import Page, Row, Tables

X = TypeVar("X")


def listed(
    tables: Tables, what: str, read: Callable[[Page, str], list[tuple[Row, X]]]
) -> Iterator[tuple[str, Row, X] | Problem]:
    """Give all rows, each with its key, and with what `read` found beside it in the same moment.

    `read` gives a page: rows whose first cell is the key, behind the key that it is called with. `what` names them. A
    row whose key is no text can't be found again: it is a Problem.
    """
    after = ""
    while True:
        before = after
        try:
            found = tables.page(lambda page: read(page, before))  # noqa: B023  # it is called at once
        except FAILURES as error:
            behind = f" behind `{after}`" if after else ""
            yield Problem(tables.path, "", None, f"{what}{behind} can't be read: {what_failed(error)}")
            return
        for row, beside in found:
            key = exact(row[0])
            if key is None:
                shown = (legible_text(row[0]) or "")[:80]
                yield Problem(tables.path, shown, None, f"{what}: the key `{shown}` is no proper text")
            elif key <= after and key:
                yield Problem(tables.path, key, None, f"{what} behind `{after}` are out of order, so they are not read")
                return
            else:
                after = key
                yield key, row, beside
        if after == before:
            return


def listed_rows(tables: Tables, what: str, query: str) -> Iterator[tuple[str, Row] | Problem]:
    """Give all rows of one query, each with its key."""

    def read(page: Page, after: str) -> list[tuple[Row, None]]:
        return [(row, None) for row in page.rows(query, after=after)]

    for found in listed(tables, what, read):
        yield found if isinstance(found, Problem) else found[:2]
