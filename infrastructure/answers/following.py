"""Following the ledger: what happens from a cursor on, and what is still to come."""

from collections.abc import Iterator

from infrastructure.answers.cursor import Cursor
from infrastructure.answers.events import Wanted, cursor_at, is_wanted, next_events, place_of
from infrastructure.answers.library import Library, Place
from infrastructure.answers.objects import EventAnswer
from infrastructure.ledger.evidence import Row
from infrastructure.ledger.hints import Listener

POLL_SECONDS = 1.0
"""After how long it is looked by itself whether something happened: a hint may be lost."""

PAGE = 200
"""How many events are read at once, at most."""


def start_of(library: Library, wanted: Wanted, after: str | None) -> Cursor:
    """Say where following begins: after a cursor, else with the time that is asked for, else now.

    Raises:
        BadCursor: the cursor does not belong to this ledger's history.
    """
    if after is None and wanted.since is None:
        return Cursor.end(library.ledger)
    return cursor_at(library, after)


def is_followed(row: Row, wanted: Wanted, place: Place | None) -> bool:
    """Say whether an event is asked for; `place` is where the engine lies that is, None where all are."""
    return (place is None or row.stream == place.stream) and is_wanted(row, wanted)


def page_from(
    library: Library, wanted: Wanted, place: Place | None, cursor: Cursor, most_bytes: int | None = None
) -> tuple[list[EventAnswer], bool]:
    """Give the next events after a cursor, with bounded work, and whether there is more to look at.

    The cursor goes along, also past what is not asked for: whoever goes on from there looks through none of it again.
    """
    ends = {} if place is None else {head.partition: head.position for head in library.ledger.heads()}
    events, more = next_events(library, wanted, place, cursor, PAGE, most_bytes)
    if not more:
        cursor.move(library.ledger, ends)  # an engine's events are read by version, which passes nothing else
    return events, more


def follow(library: Library, wanted: Wanted, after: str | None) -> Iterator[EventAnswer]:
    """Give the events from `start_of` on, and those that come, for ever. From then on the connection hears hints.

    Raises:
        BadCursor: the cursor does not belong to this ledger's history.
        UnknownStream: there is no such engine or gateway.
        DatabaseUnavailable: the database went away.
    """
    cursor, place = start_of(library, wanted, after), place_of(library, wanted)
    listener = Listener(library.ledger.connection, range(library.ledger.partitions))
    while True:
        events, more = page_from(library, wanted, place, cursor)
        yield from events
        if not more:
            listener.wait(POLL_SECONDS)
