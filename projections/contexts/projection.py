"""The fold of contexts."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.events import Basis, ContextAssembled, EngineOpened, PromptSubmitted, TurnCommitted
from domain.keys import agent_of, routing_key_of
from domain.sizes import Sizes
from projections.machinery.projection import Projection, Recorded, Row, Table
from projections.open_turn import OpenTurn, committed, turn_of
from projections.ranges import Path, Ranges, followed


class ContextRow(Struct, frozen=True):
    """A context, where it is recorded, and what its tokens go to. `occurred_at` in µs since the Unix epoch.

    `tokens` of an assembled context are as its engine estimated them or, where it did not, as we estimate what it
    holds; of a submitted one they are our estimate of all that the model received, with the system prompt and the tools
    where they are on record. `unattributed` is what the engine counted beyond our estimate of what an assembled context
    holds. Both are estimates that round on their own: where the engine's is the lesser, nothing is unattributed (0),
    and `history`, `summary` and `this_turn` come to more than `tokens`.

    `turn_position` is the place of its turn among `turns`,
    in the same partition; None for a submitted one. `ranges` are the numbers of the entries that it holds,
    None where they are more ranges than are remembered.
    """

    partition: int
    stream: UUID
    basis: Basis
    number: int
    version: int
    position: int
    gateway: str
    engine_key: str
    routing_key: str
    agent: str | None
    session_id: str
    turn_position: int | None
    attempt: int | None
    model: str | None
    entries: int
    tokens: int | None
    budget: int | None
    history: int | None
    summary: int | None
    this_turn: int | None
    system: int | None
    tools: int | None
    unattributed: int | None
    ranges: Ranges | None
    occurred_at: int


class Remembered(Struct, frozen=True, array_like=True):
    """What later contexts may be spliced into, the stream's routing key where its engine key does not tell it, and the
    turn that the engine is in.
    """

    routing_key: str | None = None
    assembled: Path = ()
    submitted: Path = ()
    turn: OpenTurn | None = None


NOTHING = Remembered()
"""What is remembered of a stream without contexts whose engine key tells its routing key."""

_UNKNOWN = (None, None, None, None, None)


def fold(remembered: Remembered | None, one: Recorded) -> tuple[Remembered | None, Sequence[Row]]:
    """Give the row of a context."""
    known, event = remembered or NOTHING, one.event
    match event:
        case EngineOpened():
            if event.routing_key == routing_key_of(one.engine_key):
                return remembered, ()
            return replace(known, routing_key=event.routing_key), ()
        case TurnCommitted():
            turn = committed(known.turn, event.session_id)
            return (remembered if turn is known.turn else replace(known, turn=turn)), ()
        case ContextAssembled():
            path = followed(known.assembled, event.call, event.delta)
            turn = turn_of(known.turn, event, one.position)
            after = Remembered(known.routing_key, path, known.submitted, turn)
            row = ContextRow(
                one.partition,
                one.stream,
                "assembled",
                event.call,
                one.version,
                one.position,
                one.gateway,
                one.engine_key,
                known.routing_key or routing_key_of(one.engine_key),
                agent_of(one.engine_key),
                event.session_id,
                turn.position,
                event.attempt,
                event.model,
                event.count,
                _estimated(event),
                event.budget,
                *_sizes(event.sizes),
                _unattributed(event.tokens, event.sizes),
                path[-1][1],
                event.occurred_at,
            )
        case PromptSubmitted():
            path = followed(known.submitted, event.number, event.delta)
            after = Remembered(known.routing_key, known.assembled, path, known.turn)
            row = ContextRow(
                one.partition,
                one.stream,
                "submitted",
                event.number,
                one.version,
                one.position,
                one.gateway,
                one.engine_key,
                known.routing_key or routing_key_of(one.engine_key),
                agent_of(one.engine_key),
                event.session_id,
                None,
                None,
                event.model,
                event.count,
                None if event.sizes is None else event.sizes.whole,
                None,
                *_sizes(event.sizes),
                None,
                path[-1][1],
                event.occurred_at,
            )
        case _:
            return remembered, ()
    return after, (row,)


def _sizes(sizes: Sizes | None) -> tuple[int | None, int | None, int | None, int | None, int | None]:
    if sizes is None:
        return _UNKNOWN
    return sizes.history, sizes.summary, sizes.this_turn, sizes.system, sizes.tools


def _estimated(event: ContextAssembled) -> int | None:
    return event.sizes.held if event.tokens is None and event.sizes is not None else event.tokens


def _unattributed(tokens: int | None, sizes: Sizes | None) -> int | None:
    return None if tokens is None or sizes is None else max(tokens - sizes.held, 0)


CONTEXTS = Projection(
    name="contexts",
    version=1,
    memory=Remembered,
    fold=fold,
    tables=(Table("contexts", ContextRow, ("partition", "stream", "basis", "number")),),
    objects=(
        "contexts/table",
        "contexts/by_time",
        "contexts/by_gateway",
        "contexts/by_routing_key",
        "contexts/by_engine_key",
        "contexts/by_agent",
        "contexts/register",
        "contexts/view",
    ),
    takes=frozenset((EngineOpened, ContextAssembled, PromptSubmitted, TurnCommitted)),
)
