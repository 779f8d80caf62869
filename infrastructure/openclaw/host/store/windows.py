"""Every session of a store, with what the entry of its session key says of it."""

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.host.records import Counters, Place, Problem, SessionWindow
from infrastructure.openclaw.host.store.cells import exact, legible_text, microseconds_of
from infrastructure.openclaw.host.store.events import FAILURES, what_failed
from infrastructure.openclaw.host.store.listing import listed
from infrastructure.openclaw.host.store.tables import Cell, Page, Row, Tables
from infrastructure.openclaw.shapes import Reader, Whole, check_line


class _Entry(msgspec.Struct, frozen=True, rename="camel"):
    """What is read of the host's entry for a session key."""

    session_id: str | None = None
    heartbeat_isolated_base_session_key: str | None = None
    session_file: str | None = None
    last_run_id: str | None = None
    input_tokens: Whole | None = None
    output_tokens: Whole | None = None
    total_tokens: Whole | None = None
    context_tokens: Whole | None = None
    compaction_count: Whole | None = None


class _Node(msgspec.Struct, frozen=True):
    """What is known of a session key. `problem` says what its entry could not be read for."""

    current: str | None = None
    parent: str | None = None
    forked_from: str | None = None
    entry: _Entry = _Entry()
    problem: str | None = None
    has_window: bool = False


_ENTRY = Reader(_Entry)
_UNKNOWN = _Node()


def session_windows(tables: Tables, agent: str | None) -> Iterator[SessionWindow | Problem]:
    """Give every session that the store has a row of, and every current one of a key that it has no row of.

    A session of which only events are left is not among them; `Store.marks` names it.
    """
    if tables.has("session"):
        told = set[str | None]()
        for found in listed(tables, "sessions", lambda page, after: _with_nodes(tables, page, after)):
            if isinstance(found, Problem):
                yield found
                continue
            name, row, node = found
            window = _window(tables.path, name, row, node, agent)
            yield window
            if node.problem and window.session_key not in told:
                told.add(window.session_key)
                yield Problem(tables.path, name, None, f"the entry of `{window.session_key}` {node.problem}")
    if tables.has("node"):
        for found in listed(tables, "session keys", lambda page, after: _without_windows(tables, page, after)):
            if isinstance(found, Problem):
                yield found
                continue
            key, (cell, *_), node = found
            if node.current is not None and not node.has_window:
                row = (None, cell, *[None] * 9)
                yield _window(tables.path, node.current, row, node, agent)
                if node.problem:
                    yield Problem(tables.path, node.current, None, f"the entry of `{key}` {node.problem}")


def _with_nodes(tables: Tables, page: Page, after: str) -> list[tuple[Row, _Node]]:
    known: dict[Cell, _Node] = {}
    found: list[tuple[Row, _Node]] = []
    for row in page.rows("windows", after=after):
        key = row[1]
        if key not in known:
            known[key] = _node(tables, page, key)
        found.append((row, known[key]))
    return found


def _node(tables: Tables, page: Page, key: Cell) -> _Node:
    name = exact(key)
    if name is None or not tables.has("node"):
        return _UNKNOWN
    try:
        rows = page.rows("node", key=name)
    except FAILURES as error:
        return _Node(problem=f"can't be read: {what_failed(error)}")
    if not rows:
        return _UNKNOWN
    current, text, parent, spawned_by, forked_from = rows[0]
    entry, problem = _entry(text)
    if problem is None and entry.session_id is not None and entry.session_id != legible_text(current):
        problem = f"is of session `{entry.session_id}`, and the key points to another one"
    return _Node(
        current=legible_text(current),
        parent=legible_text(parent) or legible_text(spawned_by),
        forked_from=legible_text(forked_from),
        entry=entry,
        problem=problem,
    )


def _entry(text: Cell) -> tuple[_Entry, str | None]:
    if not isinstance(text, bytes):
        return _Entry(), "is missing"
    try:
        check_line(text)
        return _ENTRY.read(text), None
    except BadLine as error:
        return _Entry(), f"can't be read: {error.reason}"


def _window(path: str, name: str, row: Row, node: _Node, agent: str | None) -> SessionWindow:
    _, key, previous, reason, created_at, updated_at, started_at, ended_at, status, parent, spawned_by = row
    current = node.current == name
    entry = node.entry if current else _Entry()
    before = legible_text(previous)
    if before is None and reason in (b"fork", b"rewind") and current:
        before = node.forked_from
    return SessionWindow(
        place=Place(path, name, 0),
        session_id=name,
        session_key=legible_text(key),
        agent=agent,
        current=current,
        created_at=microseconds_of(created_at),
        updated_at=microseconds_of(updated_at),
        started_at=microseconds_of(started_at),
        ended_at=microseconds_of(ended_at),
        status=legible_text(status),
        reason=legible_text(reason),
        previous=before,
        base=node.entry.heartbeat_isolated_base_session_key,
        transcript=entry.session_file,
        parent_key=legible_text(parent) or legible_text(spawned_by) or node.parent,
        last_run=entry.last_run_id,
        counters=_counters(entry) if current and node.problem is None else None,
    )


def _counters(entry: _Entry) -> Counters:
    return Counters(
        input_tokens=entry.input_tokens,
        output_tokens=entry.output_tokens,
        total_tokens=entry.total_tokens,
        context_tokens=entry.context_tokens,
        compactions=entry.compaction_count,
    )


def _without_windows(tables: Tables, page: Page, after: str) -> list[tuple[Row, _Node]]:
    found: list[tuple[Row, _Node]] = []
    for row in page.rows("nodes", after=after):
        node = _node(tables, page, row[0])
        if node.current is not None and tables.has("session"):
            node = replace(node, has_window=bool(page.rows("window", session=node.current)))
        found.append((row, node))
    return found
