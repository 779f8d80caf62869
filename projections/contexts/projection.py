"""The fold of contexts."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from domain.events import Basis, ContextAssembled, PromptSubmitted
from projections.machinery.projection import Nothing, Projection, Recorded, Row, Table


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


def fold(_nothing: Nothing | None, one: Recorded) -> tuple[None, Sequence[Row]]:
    """Give the row of a context."""
    match one.event:
        case ContextAssembled(call=number, session_id=session_id, occurred_at=at):
            basis: Basis = "assembled"
        case PromptSubmitted(number=number, session_id=session_id, occurred_at=at):
            basis = "submitted"
        case _:
            return None, ()
    return None, (ContextRow(one.partition, one.stream, basis, number, one.version, one.position, session_id, at),)


CONTEXTS = Projection(
    name="contexts",
    version=1,
    memory=Nothing,
    fold=fold,
    tables=(Table("contexts", ContextRow, ("partition", "stream", "basis", "number")),),
    objects=("contexts/table", "contexts/register"),
    takes=frozenset((ContextAssembled, PromptSubmitted)),
)
