"""Lists, newest first and page by page: what every list shares, whatever it lists.

A list is a `Listing`: a query with its row, the answers made of a page of rows, and which of their fields are shown to
people. The command line, the routes of a service and those who ask one are made from it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Generic, Protocol, TypeVar

from msgspec import Meta, Struct, json
from msgspec.structs import asdict
from psycopg.rows import class_row

from infrastructure.answers.cursor import PREFIX_BYTES
from infrastructure.answers.errors import BadCursor
from infrastructure.answers.known import check_names
from infrastructure.answers.library import Library
from infrastructure.answers.objects import CursorText
from projections.sql import statement

MOST_AT_ONCE = 1_000
"""How many a page holds at most."""

USUAL = 50
"""How many are listed if nobody says otherwise."""

A = TypeVar("A")
R = TypeVar("R", bound="Placed")


class Selection(Struct, frozen=True, kw_only=True):
    """Which are asked for: all, or those of a gateway, a key, an agent, a time, and, where a list knows it, a session.

    Times are in µs since the Unix epoch, of when what is listed began: from `since` on, and before `until`.
    """

    gateway: str | None = None
    routing_key: str | None = None
    engine_key: str | None = None
    agent: str | None = None
    session_id: str | None = None
    since: int | None = None
    until: int | None = None


class Placed(Protocol):
    """A row of a list: when it began (µs), and the place of the event that began it."""

    @property
    def at(self) -> int:
        """When it began, in µs since the Unix epoch."""
        ...

    @property
    def partition(self) -> int:
        """The event's partition."""
        ...

    @property
    def position(self) -> int:
        """The event's position, which no other row of the list has in this partition."""
        ...


class Page(Struct, Generic[A], frozen=True):
    """Some of what was asked for, newest first. `cursor` stands behind the last of it; None where there is nothing."""

    items: list[A]
    cursor: CursorText | None
    more: Annotated[bool, Meta(description="Whether older ones lie behind the cursor.")]


class Listing(Struct, Generic[R, A], frozen=True, kw_only=True):
    """One list.

    `name` stands in its route and its cursors, `command` on the command line. `statement` is the path of its query
    below `projections/`, `row` what the query gives; `answers` makes a page's answers, of type `answer`, from its rows,
    all at once; `reads` are the read models that both look into. `columns` are the fields that people are shown.
    `summary` and `order` say in a sentence each what is listed, and which time is a row's. `of_sessions` says that it
    can be asked for a session.
    """

    name: str
    command: str
    statement: str
    reads: tuple[str, ...]
    row: type[R]
    answers: Callable[[Library, Sequence[R]], list[A]]
    answer: type[A]
    columns: tuple[str, ...]
    summary: str
    order: str
    of_sessions: bool = False


AnyListing = Listing[Any, Any]


class _Written(Struct, frozen=True, array_like=True):
    """A place in a list, as cursors say it."""

    ledger: str
    listing: str
    at: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    partition: Annotated[int, Meta(ge=0, le=4_095)]
    position: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    digest: str


def page_of(library: Library, listing: Listing[R, A], selection: Selection, after: str | None, limit: int) -> Page[A]:
    """Give the next page of a list: at most so many (and never more than 1,000), behind a cursor.

    Raises:
        BadCursor: the cursor is none, or of another list, ledger or history.
        UnknownStream: there is no such gateway, key or agent.
    """
    before = None if after is None else _place(library, listing, after)
    library.refresh(*listing.reads)
    library.check_gateway(selection.gateway)
    size = min(limit, MOST_AT_ONCE)
    parameters = {
        **asdict(selection),
        "before_at": before and before.at,
        "before_partition": before and before.partition,
        "before_position": before and before.position,
        "limit": size + 1,
    }
    with library.ledger.connection.cursor(binary=True, row_factory=class_row(listing.row)) as cursor:
        # unprepared, so that Postgres sees the values: a filter that is null is none at all
        rows = cursor.execute(statement(listing.statement), parameters, prepare=False).fetchall()
    if not rows and after is None:
        check_names(library.rows, selection.gateway, selection.engine_key, selection.routing_key, selection.agent)
    shown = rows[:size]
    cursor_text = _text(library, listing, shown[-1]) if shown else None
    return Page(listing.answers(library, shown), cursor_text, len(rows) > size)


def pages(ask: Callable[[str | None, int], Page[A]], after: str | None, limit: int) -> Iterator[Page[A]]:
    """Give page after page, at least one, until so many were given or there are no more.

    `ask` gives the page behind a cursor, with at most so many.
    """
    given = 0
    while True:
        page = ask(after, min(limit - given, MOST_AT_ONCE))
        yield page
        given, after = given + len(page.items), page.cursor
        if not page.more or given >= limit:
            return


def joined(following: Iterator[Page[A]]) -> Page[A]:
    """Make one page of several that follow each other."""
    every = list(following)
    return Page(
        [item for page in every for item in page.items],
        next((page.cursor for page in reversed(every) if page.cursor is not None), None),
        every[-1].more,
    )


def _text(library: Library, listing: Listing[R, A], row: R) -> str:
    digest = _digest(library, row.partition, row.position)
    place = _Written(library.ledger.ledger_id.hex, listing.name, row.at, row.partition, row.position, digest)
    return urlsafe_b64encode(json.encode(place)).decode().rstrip("=")


def _place(library: Library, listing: Listing[R, A], text: str) -> _Written:
    try:
        place = json.decode(urlsafe_b64decode(text.encode() + b"==="), type=_Written)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        raise BadCursor(
            f"That is no cursor of a list: take one that `heartline {listing.command}` named, or begin without --after."
        ) from None
    if place.ledger != library.ledger.ledger_id.hex:
        raise BadCursor("The cursor is of another ledger: begin without --after.")
    if place.listing != listing.name:
        raise BadCursor(f"The cursor is of the list of {place.listing}: begin without --after.")
    if place.digest != _digest(library, place.partition, place.position):
        raise BadCursor("The cursor is of another history of this ledger: begin without --after.")
    return place


def _digest(library: Library, partition: int, position: int) -> str:
    """Tell the event at a place from any other: nothing where there is none."""
    return library.ledger.leaves([(partition, position)]).get((partition, position), b"")[:PREFIX_BYTES].hex()
