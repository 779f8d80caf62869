"""Answers about streams: which there are, what happened in them, what their engines came to."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from heapq import merge
from typing import Any

from msgspec import Raw, json, to_builtins

from domain.engine import FRESH, Engine, evolve
from domain.events import decode
from infrastructure.answers.cursor import Cursor
from infrastructure.answers.library import Library, Place, StreamFound
from infrastructure.answers.times import parse_time, rfc3339
from infrastructure.ledger.evidence import Row

PAGE = 256

_VERSION = re.compile(r"[0-9]{1,18}")


def stream_answer(found: StreamFound) -> dict[str, Any]:
    """Write a stream as `streams` lists it."""
    return {**to_builtins(found), "first_at": rfc3339(found.first_at), "last_at": rfc3339(found.last_at)}


def events_answer(
    library: Library,
    place: Place | None = None,
    types: Iterable[str] = (),
    after: str | None = None,
    gateway: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Give the events after a cursor, of one stream, of a gateway or of all, in the order in which they were recorded.

    Raises:
        BadCursor: the cursor does not belong to this ledger's history.
    """
    ledger = library.ledger
    cursor = Cursor.read(ledger, after) if after else Cursor.start(ledger)
    wanted = frozenset(types)
    for row in _rows(library, place, cursor):
        cursor.passed(row.partition, row.position, row.leaf)
        if (not wanted or row.type in wanted) and gateway in (None, row.gateway):
            yield event_answer(row, cursor.text())


def event_answer(row: Row, cursor: str) -> dict[str, Any]:
    """Write an event."""
    event = decode(row.payload)
    data = json.decode(row.payload, type=dict[str, Raw])
    for told in ("type", "schema", "occurred_at", "evidence"):
        data.pop(told, None)
    return {
        "event_id": f"{row.partition}-{row.position}",
        "cursor": cursor,
        "partition": row.partition,
        "position": row.position,
        "gateway": row.gateway,
        "engine_key": row.engine_key,
        "version": row.version,
        "type": row.type,
        "occurred_at": rfc3339(event.occurred_at),
        "recorded_at": rfc3339(row.recorded_at),
        "evidence": event.evidence,
        "data": data,
    }


def state_answer(library: Library, place: Place, at: str | None = None) -> dict[str, Any]:
    """Give an engine's state as of a version or a time (the version before the first later event); of now if None."""
    until = int(at) if at is not None and _VERSION.fullmatch(at) else None
    latest = parse_time(at, datetime.now(UTC)) if at is not None and until is None else None
    engine = FRESH
    for row in library.ledger.stream(place.gateway, place.engine_key, until=until):
        event = decode(row.payload)
        if latest is not None and event.occurred_at > latest:
            break
        engine = evolve(engine, event)
    return {"gateway": place.gateway, "engine_key": place.engine_key, **_state(engine, place)}


def _state(engine: Engine, place: Place) -> dict[str, Any]:
    return {
        "routing_key": engine.routing_key or place.routing_key,
        "version": engine.version,
        "phase": engine.phase,
        "session_id": engine.session_id,
        "sessions": len(engine.sessions),
        "tick_id": engine.tick,
        "turn": to_builtins(engine.turn),
        "entries": len(engine.roster),
        "contexts": engine.assembled.count,
        "submitted": engine.submitted.count,
        "context_entries": len(engine.assembled.last()),
        "context_tokens": engine.context_tokens,
        "context_tokens_basis": None if engine.context_tokens is None else "estimated",
        "budget": engine.budget,
        "ticks": len(engine.ticks),
        "skipped_ticks": engine.skipped_ticks,
        "turns": engine.turns,
        "failed_attempts": engine.failed_attempts,
        "overflows": engine.overflows,
        "compactions": engine.compactions,
        "failed_compactions": engine.failed_compactions,
        "subagents": engine.subagents,
        "anomalies": engine.anomalies,
        "last_at": None if engine.last_at is None else rfc3339(engine.last_at),
    }


def _rows(library: Library, place: Place | None, cursor: Cursor) -> Iterator[Row]:
    if place is not None:
        rows = _partition(library, place.partition, cursor.positions[place.partition])
        return (row for row in rows if row.stream == place.stream)
    partitions = [_partition(library, partition, position) for partition, position in enumerate(cursor.positions)]
    return merge(*partitions, key=lambda row: (row.recorded_at, row.partition, row.position))


def _partition(library: Library, partition: int, after: int) -> Iterator[Row]:
    while rows := library.ledger.partition(partition, after, PAGE):
        yield from rows
        after = rows[-1].position
