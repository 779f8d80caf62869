"""The fold of contexts."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct, json, to_builtins
from psycopg import Connection

from domain.events import Basis, ContextAssembled, PromptSubmitted
from projections.projection import Recorded


class ContextRow(Struct, frozen=True):
    """Where a context is recorded. `occurred_at` in µs since the Unix epoch."""

    partition: int
    stream: UUID
    basis: Basis
    number: int
    version: int
    position: int
    session_id: str
    occurred_at: int


def fold(events: Iterable[Recorded]) -> list[ContextRow]:
    """Give the rows that are new."""
    rows: list[ContextRow] = []
    for one in events:
        match one.event:
            case ContextAssembled(call=number, session_id=session_id, occurred_at=at):
                basis: Basis = "assembled"
            case PromptSubmitted(number=number, session_id=session_id, occurred_at=at):
                basis = "submitted"
            case _:
                continue
        rows.append(ContextRow(one.partition, one.stream, basis, number, one.version, one.position, session_id, at))
    return rows


class Contexts:
    """The projection."""

    name = "contexts"

    def apply(self, connection: Connection[Any], partition: int, events: Sequence[Recorded], after: int) -> bool:
        """Fold a batch."""
        rows = json.encode([to_builtins(row) for row in fold(events)]).decode()
        written = connection.execute(
            "select heartline.apply_contexts(%s, %s, %s, %s)", (partition, after, events[-1].position, rows)
        ).fetchone()
        return bool(written and written[0])
