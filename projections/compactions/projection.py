"""The fold of compactions."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from domain.events import (
    CompactionCompleted,
    CompactionFailed,
    CompactionStarted,
    ContextAssembled,
    EngineOpened,
    TickDispatched,
    TickSettled,
    TurnCommitted,
)
from domain.keys import agent_of, kind_of, routing_key_of, tick_id
from projections.compactions.rows import CompactionRow, Measured, Pending, begun, ended, followed_up
from projections.machinery.projection import Projection, Recorded, Row, Table
from projections.open_turn import OpenTurn, committed, turn_of
from projections.ranges import Path, Ranges, followed, without

MOST_PENDING = 8
"""So many compactions are followed at once that did not end yet, or since which no context was assembled. What would be
told of an older one remains untold."""

MOST_SUMMARIES = 64
"""So many summaries of our own are remembered that stand among what is live; see `Kept`."""


class Kept(Struct, frozen=True, array_like=True):
    """What the last compaction of our own left: the number of the first entry that it kept, and the summaries that were
    numbered since, its own last.
    """

    first: int = 1
    summaries: tuple[int, ...] = ()


class Remembered(Struct, frozen=True, array_like=True):
    """What is remembered of a stream: its routing key where its engine key does not tell it, the tick that the
    engine is in (with its session) and the turn, the last context that held anything and what later ones may be spliced
    into.
    """

    routing_key: str | None = None
    tick: tuple[str, str] | None = None
    turn: OpenTurn | None = None
    last: Measured | None = None
    path: Path = ()
    count: int = 0
    kept: Kept | None = None
    pending: tuple[Pending, ...] = ()


NEW = Remembered()
"""What is remembered of a stream before its first event."""


def fold(remembered: Remembered | None, one: Recorded) -> tuple[Remembered | None, Sequence[Row]]:
    """Give the rows of the compactions of which an event tells something."""
    known, event = remembered or NEW, one.event
    match event:
        case ContextAssembled():
            return _assembled(known, one.position, event)
        case TurnCommitted():
            turn = committed(known.turn, event.session_id)
            return (remembered if turn is known.turn else replace(known, turn=turn)), ()
        case EngineOpened():
            if event.routing_key == routing_key_of(one.engine_key):
                return remembered, ()
            return replace(known, routing_key=event.routing_key), ()
        case TickDispatched():
            if event.engine_key != one.engine_key:
                return remembered, ()
            return replace(known, tick=(event.tick_id, event.session_id)), ()
        case TickSettled():
            if known.tick is None or known.tick[0] != event.tick_id:
                return remembered, ()
            return replace(known, tick=None), ()
        case CompactionStarted():
            return _with(known, begun(_row(known, one, event), event))
        case CompactionCompleted() | CompactionFailed():
            return _ended(known, one, event)
        case _:
            return remembered, ()


def _assembled(known: Remembered, position: int, event: ContextAssembled) -> tuple[Remembered, Sequence[Row]]:
    path, sizes = followed(known.path, event.call, event.delta), event.sizes
    estimated = None if sizes is None else sizes.held
    measured = Measured(event.call, event.tokens, estimated, path[-1][1])
    turn = turn_of(known.turn, event, position)
    rows: list[Row] = []
    pending, last = known.pending, known.last
    if measured.ranges != ():  # hosts assemble an empty one for a retry, which says nothing of what was kept
        last = measured
        if pending:
            rows = [followed_up(held, last) for held in pending if held.row.outcome != "started"]
            pending = tuple(held for held in pending if held.row.outcome == "started")
    return Remembered(known.routing_key, known.tick, turn, last, path, known.count, known.kept, pending), rows


def _row(
    known: Remembered, one: Recorded, event: CompactionStarted | CompactionCompleted | CompactionFailed
) -> CompactionRow:
    """Give the row of a compaction as this event finds it."""
    session_id, last = event.session_id, known.last
    routing_key = known.routing_key or routing_key_of(one.engine_key)
    tick = tick_id(routing_key, session_id) if kind_of(routing_key) == "heartbeat" else None
    tokens = None if last is None else last.estimated if last.tokens is None else last.tokens
    return CompactionRow(
        partition=one.partition,
        stream=one.stream,
        number=known.count + 1,
        version=one.version,
        position=one.position,
        gateway=one.gateway,
        engine_key=one.engine_key,
        routing_key=routing_key,
        agent=agent_of(one.engine_key),
        session_id=session_id,
        tick_id=known.tick[0] if known.tick and known.tick[1] == session_id else tick,
        turn_position=known.turn.position if known.turn and known.turn.session_id == session_id else None,
        trigger=None,
        target=None,
        forced=False,
        budget=None,
        instructions=None,
        outcome="started",
        reason=None,
        tokens_before=None,
        tokens_after=None,
        claimed_reclaim=None,
        context_before=None if last is None else last.number,
        context_after=None,
        context_tokens_before=tokens,
        context_tokens_after=None,
        actual_reclaim=None,
        freed_nothing=None,
        summary=None,
        summary_entry=None,
        kept_from=None,
        first_kept=None,
        replaced=None,
        replaced_entries=None,
        started_at=event.occurred_at,
        ended_at=None,
        ended_version=None,
        ended_position=None,
    )


def _with(known: Remembered, row: CompactionRow) -> tuple[Remembered, Sequence[Row]]:
    """Follow a compaction from now on."""
    pending = (*known.pending, Pending(row, known.last))[-MOST_PENDING:]
    return replace(known, count=row.number, pending=pending), (row,)


def _ended(
    known: Remembered, one: Recorded, event: CompactionCompleted | CompactionFailed
) -> tuple[Remembered, Sequence[Row]]:
    """Tell how the last compaction of the event's session ended; of one that never began, that it did."""
    kept, own = known.kept, None
    if isinstance(event, CompactionCompleted) and event.summary_entry is not None and event.kept_from is not None:
        kept, own = _kept(known.kept or Kept(), event.summary_entry, event.kept_from)
    known = replace(known, kept=kept)
    for place in range(len(known.pending) - 1, -1, -1):
        held = known.pending[place]
        if held.row.outcome == "started" and held.row.session_id == event.session_id:
            row = ended(held.row, one, event, own)
            pending = (*known.pending[:place], Pending(row, held.before), *known.pending[place + 1 :])
            return replace(known, pending=pending), (row,)
    return _with(known, ended(_row(known, one, event), one, event, own))


def _kept(before: Kept, summary_entry: int, kept_from: int) -> tuple[Kept, Ranges]:
    """Give what a compaction of our own left, and what it replaced.

    That is what was delivered from the first entry that had been kept up to the first that is kept now, whether a
    context held it or not, and the summary that stood before it. Older summaries among them were replaced before.
    """
    last = min(kept_from, summary_entry) - 1
    delivered = (before.first, last) if before.first <= last else ()
    stale = tuple(number for summary in before.summaries[:-1] for number in (summary, summary))
    previous = before.summaries[-1:] * 2
    replaced = without((*delivered, *previous), stale)
    summaries = (*(one for one in before.summaries if one >= kept_from), summary_entry)
    return Kept(max(before.first, kept_from), summaries[-MOST_SUMMARIES:]), replaced


COMPACTIONS = Projection(
    name="compactions",
    version=1,
    memory=Remembered,
    fold=fold,
    tables=(Table("compactions", CompactionRow, ("partition", "stream", "number")),),
    objects=(
        "compactions/table",
        "compactions/by_time",
        "compactions/by_gateway",
        "compactions/by_routing_key",
        "compactions/by_engine_key",
        "compactions/by_agent",
        "compactions/register",
        "compactions/view",
    ),
    takes=frozenset(
        (
            EngineOpened,
            TickDispatched,
            TickSettled,
            ContextAssembled,
            TurnCommitted,
            CompactionStarted,
            CompactionCompleted,
            CompactionFailed,
        )
    ),
)
