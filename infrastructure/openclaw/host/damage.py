"""What a broken file hides: rows that its tables have and its indexes do not lead to."""

from collections.abc import Iterator

from infrastructure.openclaw.host.cells import exact, legible_text, whole
from infrastructure.openclaw.host.events import FAILURES, what_failed
from infrastructure.openclaw.host.records import Problem
from infrastructure.openclaw.host.tables import Tables

_LOWEST = -(2**63)
_TOLD = 1000
_TABLES = {"event": "event_rows", "run": "run_rows"}


def hidden_events(tables: Tables) -> Iterator[Problem]:
    """Go through the tables of events in their own order, and tell the rows that reading by session does not give.

    The other way round it is told by reading: what an index leads to and the table does not have, SQLite refuses.
    """
    for name, query in _TABLES.items():
        if tables.has(name):
            yield from _hidden(tables, query)


def _hidden(tables: Tables, query: str) -> Iterator[Problem]:
    after, told = _LOWEST, 0
    while told < _TOLD:
        try:
            rows = tables.rows(query, after=after)
        except FAILURES as error:
            yield Problem(tables.path, "", None, f"a table behind row {after} can't be read: {what_failed(error)}")
            return
        if not rows:
            return
        for place, session, seq, led in rows:
            if not isinstance(place, int) or place <= after:
                yield Problem(tables.path, "", None, f"what follows row {after} of a table is out of order")
                return
            after = place
            if led != 1 or exact(session) is None:
                told += 1
                yield Problem(
                    tables.path, legible_text(session) or "", whole(seq), f"row {place} is not found by its session"
                )
    yield Problem(tables.path, "", None, "more rows are not found by their session")
