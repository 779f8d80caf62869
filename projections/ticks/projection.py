"""The fold of ticks. What a tick cost is a query over turns and contexts: they may lie in another stream."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.events import EngineOpened, TickDispatched, TickSettled, TickSkipped
from domain.heartbeat import Source
from domain.keys import agent_of, kind_of, routing_key_of, stream_id
from projections.machinery.projection import Projection, Recorded, Row, Table

MOST_OPEN = 32
"""So many ticks of a stream are remembered that were not settled. One that is settled later than that stays open."""

SKIPPED = "skipped"
"""The outcome of a tick that was due and did not run."""


class TickRow(Struct, frozen=True):
    """A tick, dispatched or skipped; it is known by the event that says so, whose time is `at`.

    Times in µs since the Unix epoch.
    `engine` names the stream of `engine_key`, where its turns lie. `isolated` is None where it can't be told from the
    stream of its routing key.
    """

    partition: int
    position: int
    stream: UUID
    tick_id: str
    gateway: str
    routing_key: str
    agent: str | None
    engine_key: str | None
    engine: UUID | None
    session_id: str | None
    isolated: bool | None
    source: Source | None
    reason: str | None
    at: int
    dispatched_at: int | None
    settled_at: int | None
    outcome: str | None
    skip_reason: str | None


class Remembered(Struct, frozen=True, array_like=True):
    """The ticks of a stream that were not settled, the oldest first, and what tells whether they are isolated.

    `first` is the first tick of a heartbeat's routing key until one of another session follows; from then on each is
    known to have a session of its own (`fresh`).
    """

    routing_key: str
    agent: str | None
    open: tuple[TickRow, ...] = ()
    first: TickRow | None = None
    fresh: bool = False


def fold(remembered: Remembered | None, one: Recorded) -> tuple[Remembered, Sequence[Row]]:
    """Take in an event; give the rows of the ticks that it is about."""
    key = one.engine_key
    held = Remembered(routing_key_of(key), agent_of(key)) if remembered is None else remembered
    event = one.event
    match event:
        case EngineOpened():
            return replace(held, routing_key=event.routing_key), ()
        case TickDispatched():
            if any(tick.tick_id == event.tick_id for tick in held.open):
                return held, ()
            return _dispatched(held, _row_of(held, one, event))
        case TickSkipped():
            return held, (_skipped(held, one, event),)
        case TickSettled():
            tick = next((tick for tick in held.open if tick.tick_id == event.tick_id), None)
            if tick is None:
                return held, ()
            settled = replace(tick, settled_at=event.occurred_at, outcome=event.outcome)
            first = settled if held.first is not None and held.first.position == tick.position else held.first
            return replace(held, open=tuple([other for other in held.open if other is not tick]), first=first), (
                settled,
            )
        case _:
            return held, ()


def _row_of(held: Remembered, one: Recorded, event: TickDispatched) -> TickRow:
    isolated = event.isolated
    if isolated is None and kind_of(event.engine_key) == "heartbeat-run":
        isolated = True
    return TickRow(
        one.partition,
        one.position,
        one.stream,
        event.tick_id,
        one.gateway,
        held.routing_key,
        held.agent,
        event.engine_key,
        stream_id(one.gateway, event.engine_key),
        event.session_id,
        isolated,
        event.source,
        event.reason,
        event.occurred_at,
        event.occurred_at,
        None,
        None,
        None,
    )


def _dispatched(held: Remembered, tick: TickRow) -> tuple[Remembered, Sequence[Row]]:
    """Take in a tick. Two sessions under a heartbeat's routing key show that each tick has one of its own (contracts,
    "Replay").
    """
    rows: list[TickRow] = []
    ticks, first, fresh = held.open, held.first, held.fresh
    if kind_of(held.routing_key) == "heartbeat" and not fresh:
        if first is None:
            first = tick
        elif first.session_id != tick.session_id:
            concluded = _isolated(first)
            rows.append(concluded)
            ticks = tuple([concluded if one.position == first.position else one for one in ticks])
            first, fresh = None, True
    if fresh:
        tick = _isolated(tick)
    return Remembered(held.routing_key, held.agent, (*ticks, tick)[-MOST_OPEN:], first, fresh), [*rows, tick]


def _isolated(tick: TickRow) -> TickRow:
    return replace(tick, isolated=True) if tick.isolated is None else tick


def _skipped(held: Remembered, one: Recorded, event: TickSkipped) -> TickRow:
    return TickRow(
        one.partition,
        one.position,
        one.stream,
        event.tick_id,
        one.gateway,
        held.routing_key,
        held.agent,
        None,
        None,
        None,
        None,
        event.source,
        None,
        event.occurred_at,
        None,
        None,
        SKIPPED,
        event.reason,
    )


TICKS = Projection(
    name="ticks",
    version=1,
    memory=Remembered,
    fold=fold,
    tables=(Table("ticks", TickRow, ("partition", "position")),),
    objects=(
        "ticks/table",
        "ticks/by_time",
        "ticks/by_gateway",
        "ticks/by_routing_key",
        "ticks/by_engine_key",
        "ticks/by_agent",
        "ticks/by_session",
        "ticks/register",
        "ticks/view",
    ),
    takes=frozenset((EngineOpened, TickDispatched, TickSkipped, TickSettled)),
)
