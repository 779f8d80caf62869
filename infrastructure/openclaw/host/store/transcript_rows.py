"""What the rows of one session's transcript say, in whatever form the host keeps them."""

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from infrastructure.openclaw.host.records import Place, Problem, Record, TranscriptMessage
from infrastructure.openclaw.host.store.archived import cold_events
from infrastructure.openclaw.host.store.cells import legible_text, whole
from infrastructure.openclaw.host.store.compressed import Undecodable, decompressed
from infrastructure.openclaw.host.store.events import FAILURES, TRANSCRIPT, pages_of_events, what_failed
from infrastructure.openclaw.host.store.tables import Page, Row, Tables
from infrastructure.openclaw.host.transcripts import UnknownKinds, entry_of

_MOST_REWRITES = 3
_TURNS = (b'"leaf"', b'"reset"')
_HEAD = 256


class _Branch(msgspec.Struct, frozen=True):
    """What stands beside a page of events: which of them are in use, up to where that was worked out."""

    generation: str | None = None
    indexed: int = -1
    active: frozenset[int] = frozenset()
    problem: str | None = None

    def holds(self, seq: int) -> bool:
        return seq > self.indexed or seq in self.active


def transcript_records(tables: Tables, session: str, after: int) -> Iterator[Record]:
    """Read the records of a session behind event `after`: of its rows, and of the archive if it was moved into one.

    If the host rewrites the transcript meanwhile, it is read anew from its start. So it is if behind event `after` the
    host turns to another branch, since that decides which of the earlier events are in use.
    """
    if not tables.has("event"):
        return
    entries = _Entries(tables, session)
    last = after
    resumed = after >= 0
    for _ in range(_MOST_REWRITES):
        rewritten = False
        for found in pages_of_events(
            tables, TRANSCRIPT, session, last, lambda page, rows: _branch(tables, page, session, rows)
        ):
            if isinstance(found, Problem):
                yield found
            elif found.rows:
                if rewritten := entries.is_rewritten(found.beside) or (resumed and any(map(_may_turn, found.rows))):
                    last, resumed = -1, False
                    break
                for row in found.rows:
                    yield from entries.of_row(row, found.beside)
                    last = max(last, whole(row[0]) or 0)
        if not rewritten:
            break
    else:
        yield Problem(tables.path, session, None, "the host keeps rewriting the transcript: read it again")
    for cold in cold_events(tables, session, last):
        yield from [cold] if isinstance(cold, Problem) else entries.of_event(cold.seq, cold.event, active=cold.active)


class _Entries:
    """Makes records of the events of one transcript."""

    def __init__(self, tables: Tables, session: str) -> None:
        self._path = tables.path
        self._session = session
        self._kinds = UnknownKinds()
        self._generation: str | None = None
        self._told_of_branch = False

    def is_rewritten(self, branch: _Branch) -> bool:
        """Tell whether a page is of another generation than the one before."""
        before, self._generation = self._generation, branch.generation
        return before is not None and branch.generation != before

    def of_row(self, row: Row, branch: _Branch) -> Iterator[Record]:
        number, text, compressed, size = row
        seq = whole(number) or 0
        if branch.problem and not self._told_of_branch:
            self._told_of_branch = True
            reason = f"which of its events are in use can't be read: {branch.problem}"
            yield Problem(self._path, self._session, None, reason)
        if isinstance(text, bytes):
            yield from self.of_event(seq, text, active=branch.holds(seq))
        elif isinstance(compressed, bytes):
            try:
                event = decompressed(compressed, whole(size))
            except Undecodable as error:
                yield Problem(self._path, self._session, seq, str(error))
                return
            if len(event) != whole(size):
                reason = f"its row does not say that it has {len(event)} bytes, which it has"
                yield Problem(self._path, self._session, seq, reason)
            yield from self.of_event(seq, event, active=branch.holds(seq))
        else:
            yield Problem(self._path, self._session, seq, "the event holds no text")

    def of_event(self, seq: int, event: bytes, *, active: bool) -> Iterator[Record]:
        entry = entry_of(Place(self._path, self._session, seq), self._session, event)
        if isinstance(entry, Problem):
            entry = self._kinds.tells(entry)
        elif isinstance(entry, TranscriptMessage) and not active:
            entry = replace(entry, active=False)
        if entry is not None:
            yield entry


def _may_turn(row: Row) -> bool:
    """Tell whether an event may turn to another branch: such are short, and never compressed."""
    text = row[1]
    return isinstance(text, bytes) and any(turn in text[:_HEAD] for turn in _TURNS)


def _branch(tables: Tables, page: Page, session: str, rows: list[Row]) -> _Branch:
    """Look up what stands beside a page; if that can't be read, the page can be nevertheless."""
    generation: str | None = None
    try:
        if tables.has("rewrite"):
            generation = next((legible_text(row[0]) for row in page.rows("generation", session=session)), None)
        if not rows or not tables.has("state") or not tables.has("active"):
            return _Branch(generation)
        first, last = whole(rows[0][0]), whole(rows[-1][0])
        state = page.rows("index_state", session=session)
        if not state or state[0][1] == 1 or first is None or last is None:
            return _Branch(generation)
        active = page.rows("active_events", session=session, first=first, last=last)
        numbers = frozenset(number for (number,) in active if isinstance(number, int))
        indexed = state[0][0]
        return _Branch(generation, indexed if isinstance(indexed, int) else -1, numbers)
    except FAILURES as error:
        return _Branch(generation, problem=what_failed(error))
