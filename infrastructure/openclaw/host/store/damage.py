"""What a broken file hides: rows that its tables have and its indexes do not lead to."""

from collections.abc import Iterator

from infrastructure.openclaw.host.records import Problem
from infrastructure.openclaw.host.store.cells import exact, legible_text, whole
from infrastructure.openclaw.host.store.events import FAILURES, what_failed
from infrastructure.openclaw.host.store.tables import READ, Tables

_LOWEST = -(2**63)
_TOLD = 1000
_TABLES = {"event": "event_rows", "run": "run_rows"}


def hidden_events(tables: Tables) -> Iterator[Problem]:
    """Go through the tables of events in their own order, and tell the rows that reading by session may not give.

    The other way round it is told by reading: what an index leads to and the table does not have, SQLite refuses.
    """
    for name, query in _TABLES.items():
        if tables.has(name):
            yield from _hidden(tables, READ[name], query)


def _hidden(tables: Tables, table: str, query: str) -> Iterator[Problem]:
    after, told = _LOWEST, 0
    while told < _TOLD:
        try:
            rows = tables.rows(query, after=after)
        except FAILURES as error:
            yield Problem(tables.path, table, None, f"what is behind row {after} can't be read: {what_failed(error)}")
            return
        if not rows:
            break
        for place, session, seq, led in rows:
            if not isinstance(place, int) or place <= after:
                yield Problem(tables.path, table, None, f"the rows behind row {after} are out of order")
                return
            after = place
            if led != 1 or exact(session) is None:
                told += 1
                part = legible_text(session) or ""
                yield Problem(tables.path, part, whole(seq), f"row {place} of `{table}` is not found by its session")
    if told:
        reason = f"the index of `{table}` is broken, so that more may be missing: read a copy made by `.recover`"
        yield Problem(tables.path, table, None, reason)
