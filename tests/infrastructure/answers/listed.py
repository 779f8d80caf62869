"""Lists, as tests ask for them."""

from collections.abc import Sequence
from typing import Any

from psycopg.rows import class_row

from infrastructure.answers.library import Library
from infrastructure.answers.ticks import ReceiptAnswer, TickListed, tick_answers
from infrastructure.answers.turns import TurnAnswer, TurnListed, turn_answers
from projections.sql import statement


def listed(library: Library, query: str, row: type[Any], **wanted: Any) -> Sequence[Any]:
    """The rows of a list, newest first."""
    names = ("gateway", "routing_key", "engine_key", "agent", "since", "until")
    place = ("before_at", "before_partition", "before_position")
    parameters = {**dict.fromkeys((*names, *place)), "limit": 1_000, **wanted}
    with library.ledger.connection.cursor(row_factory=class_row(row)) as cursor:
        return cursor.execute(statement(query), parameters, prepare=False).fetchall()


def ticks(library: Library, **wanted: Any) -> list[ReceiptAnswer]:
    """The ticks, in the order in which they were dispatched."""
    return tick_answers(library, listed(library, "ticks/list", TickListed, **wanted))[::-1]


def turns(library: Library, **wanted: Any) -> list[TurnAnswer]:
    """The turns, in the order in which they began."""
    return turn_answers(library, listed(library, "turns/list", TurnListed, **wanted))[::-1]
