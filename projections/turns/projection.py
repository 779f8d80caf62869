"""The fold of turns. (How a turn lives: `domain.engine`.)"""

from collections.abc import Sequence

from msgspec.structs import replace

from domain import events as fact
from domain.entries import COMPACT
from projections.machinery.projection import Projection, Recorded, Row, Table
from projections.turns.memory import (
    MOST_EARLIER,
    MOST_SEEN,
    MOST_TICKS,
    OpenTick,
    Remembered,
    loose_work,
    loosely,
    loosened,
    nothing_of,
    put,
    taken,
    tick_of,
    told_of_heartbeat,
    turn_of,
)
from projections.turns.row import TurnRow, row_of
from projections.turns.turn import NO_WORK, Turn, Work, begun, delivered, newly_seen, undelivered, went_on

Folded = tuple[Remembered, Sequence[Row]]
"""What to remember from now on, and the rows of turns that are not remembered any more."""


def fold(remembered: Remembered | None, one: Recorded) -> Folded:
    """Take in an event; give the rows of turns that it ends."""
    held = nothing_of(one) if remembered is None else remembered
    event = one.event
    match event:
        case fact.EngineOpened():
            return replace(held, routing_key=event.routing_key), ()
        case fact.EntriesRecorded():
            return _recorded(held, event), ()
        case fact.ContextAssembled():
            return _assembled(held, one.position, event)
        case fact.TurnCommitted():
            return _committed(held, one.position, event)
        case fact.TurnFailed():
            return _failed(held, one.position, event)
        case fact.TickDispatched():
            return _dispatched(held, event), ()
        case fact.TickSettled():
            return replace(held, ticks=tuple([tick for tick in held.ticks if tick.tick_id != event.tick_id])), ()
        case fact.OverflowReported():
            turn = turn_of(held, event.session_id)
            if turn is None:
                return loosely(held, event.session_id, overflows=1), ()
            work = replace(turn.work, overflows=turn.work.overflows + 1)
            broken_at = event.occurred_at if turn.broken_at is None else turn.broken_at
            return put(held, replace(turn, work=work, broken_at=broken_at)), ()
        case fact.CompactionStarted():
            held = replace(held, by_hand=event.trigger == "manual")
            return told_of_heartbeat(held, event.session_id, event.heartbeat), ()
        case fact.CompactionCompleted():
            return (_compacted if event.compacted else _not_compacted)(held, event), ()
        case fact.CompactionFailed():
            return _not_compacted(held, event), ()
        case _:
            return held, ()


def shown(held: Remembered) -> Sequence[Row]:
    """Give the rows of the turns that were not committed."""
    return [row_of(held, turn) for turn in (*held.earlier, held.current) if turn is not None]


def _recorded(held: Remembered, event: fact.EntriesRecorded) -> Remembered:
    """Count what is delivered in a turn; of anything else, remember the messages that may be delivered yet."""
    if event.sighted != "delivered" or event.method == COMPACT:
        new = newly_seen(event.session_id, event.revisions)
        return replace(held, seen=(*held.seen, *new)[-MOST_SEEN:]) if new else held
    turn = turn_of(held, event.session_id)
    before = loose_work(held, event.session_id) if turn is None else turn.work
    work = delivered(before, held.seen, event)
    if held.seen:
        left = undelivered(held.seen, event)
        held = held if left is held.seen else replace(held, seen=left)
    if work is not before:
        held = loosened(held, event.session_id, work) if turn is None else put(held, replace(turn, work=work))
    return told_of_heartbeat(held, event.session_id, event.heartbeat)


def _assembled(held: Remembered, position: int, event: fact.ContextAssembled) -> Folded:
    current, session_id = held.current, event.session_id
    if current is not None and (current.turn_id, current.session_id) == (event.turn_id, session_id):
        return replace(held, current=went_on(current, event)), ()
    kept: list[Turn] = []
    gone: list[Turn] = []
    for turn in held.earlier:
        (gone if turn.session_id == session_id else kept).append(turn)
    if current is not None:
        left = replace(current, left_at=event.occurred_at)
        (gone if current.session_id == session_id else kept).append(left)
    gone += kept[:-MOST_EARLIER]
    loose = loose_work(held, session_id)
    work = Work(overflows=loose.overflows, compactions=loose.compactions)  # what was delivered before is no part of it
    turn = begun(position, event, tick_of(held, session_id), work)
    after = replace(loosened(held, session_id, NO_WORK), current=turn, earlier=tuple(kept[-MOST_EARLIER:]))
    return after, [row_of(held, turn) for turn in gone]


def _committed(held: Remembered, position: int, event: fact.TurnCommitted) -> Folded:
    """End a session's turn. One that has none on record was never given a context."""
    session_id = event.session_id
    held = told_of_heartbeat(held, session_id, event.heartbeat)
    turn = turn_of(held, session_id)
    if turn is not None:
        turn = replace(turn, turn_id=event.turn_id)
        after = taken(held, session_id)
    else:
        turn = _without_context(held, position, event, event.attempts, event.heartbeat)
        after = loosened(held, session_id, NO_WORK)
    if held.seen:
        after = replace(after, seen=tuple([one for one in held.seen if one.session_id != session_id]))
    return after, (row_of(held, turn, ("committed", event.occurred_at)),)


def _failed(held: Remembered, position: int, event: fact.TurnFailed) -> Folded:
    current, at = held.current, event.occurred_at
    turn = current if current and current.turn_id == event.turn_id else turn_of(held, event.session_id)
    if turn is not None:
        return put(held, replace(turn, broken_at=at, failed=True)), ()
    turn = replace(_without_context(held, position, event, 1, None), broken_at=at, failed=True)
    return loosened(held, event.session_id, NO_WORK), (row_of(held, turn),)


def _without_context(
    held: Remembered,
    position: int,
    event: fact.TurnCommitted | fact.TurnFailed,
    attempts: int,
    heartbeat: bool | None,
) -> Turn:
    """Give a turn of which only the end is on record."""
    session_id = event.session_id
    return Turn(
        position=position,
        session_id=session_id,
        turn_id=event.turn_id,
        started_at=event.occurred_at,
        tick_id=tick_of(held, session_id),
        attempts=attempts,
        heartbeat=heartbeat,
        work=loose_work(held, session_id),
    )


def _dispatched(held: Remembered, event: fact.TickDispatched) -> Remembered:
    """Remember a tick whose turns lie in this stream. A turn of its session that goes on is its own."""
    if event.engine_key != held.engine_key:
        return held
    turn = turn_of(held, event.session_id)
    if turn is not None and turn.tick_id is None and not turn.failed:
        held = put(held, replace(turn, tick_id=event.tick_id))
    return replace(held, ticks=(*held.ticks, OpenTick(event.tick_id, event.session_id))[-MOST_TICKS:])


def _compacted(held: Remembered, event: fact.CompactionCompleted | fact.CompactionFailed) -> Remembered:
    """Count a compaction in the turn in which it happened, or for which: hosts compact between turns so that the next
    one fits. What a person asked for between turns belongs to none.
    """
    turn = turn_of(held, event.session_id)
    if held.by_hand and (turn is None or turn.failed or turn.left_at is not None):
        return held
    if turn is None:
        return loosely(held, event.session_id, compactions=1)
    work = replace(turn.work, compactions=turn.work.compactions + 1)
    return put(held, replace(turn, work=work))


def _not_compacted(held: Remembered, event: fact.CompactionCompleted | fact.CompactionFailed) -> Remembered:
    """A turn that overflowed has failed if it could not be compacted."""
    turn = turn_of(held, event.session_id)
    if turn is None or turn.broken_at is None or turn.failed:
        return held
    return put(held, replace(turn, broken_at=event.occurred_at, failed=True))


TURNS = Projection(
    name="turns",
    version=1,
    memory=Remembered,
    fold=fold,
    shown=shown,
    tables=(Table("turns", TurnRow, ("partition", "position")),),
    objects=(
        "turns/table",
        "turns/by_time",
        "turns/by_gateway",
        "turns/by_routing_key",
        "turns/by_engine_key",
        "turns/by_agent",
        "turns/by_session",
        "turns/by_tick",
        "turns/register",
        "turns/view",
    ),
    takes=frozenset(
        (
            fact.EngineOpened,
            fact.TickDispatched,
            fact.TickSettled,
            fact.EntriesRecorded,
            fact.ContextAssembled,
            fact.OverflowReported,
            fact.TurnCommitted,
            fact.TurnFailed,
            fact.CompactionStarted,
            fact.CompactionCompleted,
            fact.CompactionFailed,
        )
    ),
)
