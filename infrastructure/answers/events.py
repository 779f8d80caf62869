"""Answers about events: what happened, in the order in which it was recorded."""

import re
from collections.abc import Iterator
from heapq import merge
from typing import get_args

from msgspec import Raw, Struct, json

from domain.events import Event, decode
from infrastructure.answers.cursor import Cursor
from infrastructure.answers.errors import UnknownEvent, UnknownEventType
from infrastructure.answers.known import nearest
from infrastructure.answers.library import Library, Place
from infrastructure.answers.objects import EventAnswer, EventPage
from infrastructure.answers.times import rfc3339
from infrastructure.ledger.evidence import Row

EVENT_ID = re.compile(r"([0-9]{1,9})-([0-9]{1,18})")
"""How an event id is written: partition and position."""

TYPES = tuple(sorted(one.__name__ for one in get_args(Event)))
"""The types that events have."""

MOST_READ_AT_ONCE = 256
"""How many events are read from a partition at once, at most."""

LEAST_READ_AT_ONCE = 16

MOST_LOOKED_THROUGH = 20_000
"""How many events are looked through for one page, whatever is found: some 0.2 s (measured: 165 ms)."""

MOST_BYTES = 8 * 1024 * 1024
"""How many bytes of payloads a page holds, about (but always one event)."""


class Wanted(Struct, frozen=True):
    """Which events are asked for: all, or those of one engine, of a gateway, of some types, of some time.

    Times are in µs since the Unix epoch, of `occurred_at`: from `since` on, and before `until`.
    """

    engine_key: str | None = None
    gateway: str | None = None
    types: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None


def events_after(library: Library, wanted: Wanted, after: str | None) -> Iterator[EventAnswer]:
    """Give the events after a cursor, to the end of the log.

    Raises:
        BadCursor: the cursor does not belong to this ledger's history.
        UnknownStream: there is no such engine or gateway.
    """
    cursor, place = cursor_at(library, after), place_of(library, wanted)
    for row in _rows(library, place, cursor, MOST_READ_AT_ONCE):
        cursor.passed(row.partition, row.position, row.leaf)
        if is_wanted(row, wanted):
            yield event_answer(row, cursor.text())


def event_page(library: Library, wanted: Wanted, after: str | None, limit: int) -> EventPage:
    """Give the next events after a cursor, at most so many, with bounded work.

    Raises:
        BadCursor: the cursor does not belong to this ledger's history.
        UnknownStream: there is no such engine or gateway.
    """
    cursor, place = cursor_at(library, after), place_of(library, wanted)
    events, more = next_events(library, wanted, place, cursor, limit)
    return EventPage(events, cursor.text(), more)


def next_events(
    library: Library, wanted: Wanted, place: Place | None, cursor: Cursor, limit: int, most_bytes: int | None = None
) -> tuple[list[EventAnswer], bool]:
    """Give the next events after a cursor, which goes along, at most so many; and whether there is more to look at.

    `place` is where the engine that is wanted lies, None where all are.
    """
    events: list[EventAnswer] = []
    size, most_bytes = 0, most_bytes or MOST_BYTES
    at_once = min(max(2 * limit // library.ledger.partitions, LEAST_READ_AT_ONCE), MOST_READ_AT_ONCE)
    for looked_through, row in enumerate(_rows(library, place, cursor, at_once)):
        if len(events) >= limit or size >= most_bytes or looked_through >= MOST_LOOKED_THROUGH:
            return events, True
        cursor.passed(row.partition, row.position, row.leaf)
        if is_wanted(row, wanted):
            events.append(event_answer(row, cursor.text()))
            size += len(row.payload)
    return events, False


def one_event(library: Library, event_id: str) -> EventAnswer:
    """Give one event. Its cursor goes on behind it in its own partition, and begins in all others.

    Raises:
        UnknownEvent: there is none of this id.
    """
    place = EVENT_ID.fullmatch(event_id)
    row = library.ledger.event(int(place[1]), int(place[2])) if place else None
    if row is None:
        raise no_event(event_id)
    cursor = Cursor.start(library.ledger)
    cursor.passed(row.partition, row.position, row.leaf)
    return event_answer(row, cursor.text())


def no_event(event_id: str) -> UnknownEvent:
    """Make the error for an id that no event has."""
    return UnknownEvent(f"There is no event {event_id}: `heartline events` lists what there is.")


def event_answer(row: Row, cursor: str) -> EventAnswer:
    """Write an event."""
    event = decode(row.payload)
    data = json.decode(row.payload, type=dict[str, Raw])
    for told in ("type", "schema", "occurred_at", "evidence"):
        data.pop(told, None)
    return EventAnswer(
        event_id=f"{row.partition}-{row.position}",
        cursor=cursor,
        partition=row.partition,
        position=row.position,
        gateway=row.gateway,
        engine_key=row.engine_key,
        version=row.version,
        type=row.type,
        occurred_at=rfc3339(event.occurred_at),
        recorded_at=rfc3339(row.recorded_at),
        evidence=event.evidence,
        data=data,
    )


def cursor_at(library: Library, after: str | None) -> Cursor:
    """Go on from a cursor's text, or begin before the first event.

    Raises:
        BadCursor: it does not belong to this ledger's history.
    """
    return Cursor.read(library.ledger, after) if after else Cursor.start(library.ledger)


def place_of(library: Library, wanted: Wanted) -> Place | None:
    """Say where the engine lies that is wanted; None where none is named.

    Raises:
        UnknownStream: there is no such engine or gateway.
        UnknownEventType: a type is wanted that no event has.
    """
    for name in wanted.types:
        if name not in TYPES:
            near = " or ".join(nearest(name, TYPES))
            raise UnknownEventType(f"There are no events of type {name}. Did you mean {near}?")
    if wanted.engine_key is None and wanted.gateway is None:
        return None
    library.refresh("engines")
    library.check_gateway(wanted.gateway)
    return None if wanted.engine_key is None else library.place(wanted.engine_key, wanted.gateway)


def is_wanted(row: Row, wanted: Wanted) -> bool:
    """Say whether an event is asked for, whosever it is: the engine is not looked at."""
    if (wanted.types and row.type not in wanted.types) or wanted.gateway not in (None, row.gateway):
        return False
    if wanted.since is None and wanted.until is None:
        return True
    at = decode(row.payload).occurred_at
    return (wanted.since is None or at >= wanted.since) and (wanted.until is None or at < wanted.until)


def _rows(library: Library, place: Place | None, cursor: Cursor, at_once: int) -> Iterator[Row]:
    """Read on from a cursor: in one stream by its versions, else in all partitions side by side."""
    if place is not None:
        position = cursor.positions[place.partition]
        version = library.ledger.version_at(place.gateway, place.engine_key, position)
        return library.ledger.stream(place.gateway, place.engine_key, after=version, page=MOST_READ_AT_ONCE)
    partitions = [
        _partition(library, head.partition, cursor.positions[head.partition], at_once)
        for head in library.ledger.heads()
        if cursor.positions[head.partition] < head.position
    ]
    return merge(*partitions, key=lambda row: (row.recorded_at, row.partition, row.position))


def _partition(library: Library, partition: int, after: int, at_once: int) -> Iterator[Row]:
    while rows := library.ledger.partition(partition, after, at_once):
        yield from rows
        after = rows[-1].position
        at_once = min(2 * at_once, MOST_READ_AT_ONCE)
