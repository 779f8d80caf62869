"""The fold of turns that transcripts tell of. (One that was recorded live is in `turns`; queries prefer that one.)"""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain import events as fact
from domain.entries import Revision
from domain.keys import agent_of, routing_key_of
from projections.machinery.projection import Projection, Recorded, Row, Table
from projections.turns.turn import MOST_TOKENS, NO_WORK, Outcome, Work, worked

MOST_OPEN = 8
"""For so many sessions of a stream a turn is remembered to which nobody has replied yet, those of the last ones."""


class TranscriptTurnRow(Struct, frozen=True):
    """A turn as a transcript tells it, known by the event that tells of its prompt. Times in µs since the Unix epoch.

    What a transcript does not say is left open: contexts, attempts, overflows. Billed tokens are as the provider
    reported them.
    """

    partition: int
    position: int
    stream: UUID
    gateway: str
    engine_key: str
    routing_key: str
    agent: str | None
    session_id: str
    heartbeat: bool | None
    outcome: Outcome
    billed_input: int | None
    billed_output: int | None
    billed_cache_read: int | None
    billed_cache_write: int | None
    billed_tokens: int | None
    tools: tuple[str, ...]
    tool_counts: tuple[int, ...]
    started_at: int
    ended_at: int | None


class Told(Struct, frozen=True, array_like=True):
    """A turn whose end no transcript has told of yet. `failed_at` says that its last attempt broke, and when (µs)."""

    position: int
    session_id: str
    started_at: int
    heartbeat: bool | None
    work: Work = NO_WORK
    failed_at: int | None = None


class Remembered(Struct, frozen=True, array_like=True):
    """The turns of a stream whose end was not told of, one a session; the one that was told of last comes last."""

    partition: int
    stream: UUID
    gateway: str
    engine_key: str
    routing_key: str
    agent: str | None
    open: tuple[Told, ...] = ()


def fold(remembered: Remembered | None, one: Recorded) -> tuple[Remembered | None, Sequence[Row]]:
    """Take in the messages of transcripts; give the rows of the turns that they end."""
    event = one.event
    if isinstance(event, fact.EngineOpened):
        held = remembered or _nothing_of(one)
        return replace(held, routing_key=event.routing_key), ()
    if not isinstance(event, fact.EntriesRecorded) or event.sighted != "transcript":
        return remembered, ()
    held = remembered or _nothing_of(one)
    rows: list[Row] = []
    for revision in event.revisions:
        if revision.revision == 1:  # else the message was on record before: its turn is, too
            held, ended = _took(held, one.position, event, revision)
            rows += ended
    return held, rows


def shown(held: Remembered) -> Sequence[Row]:
    """Give the rows of the turns whose end was not told of."""
    return [_row(held, turn) for turn in held.open]


def _nothing_of(one: Recorded) -> Remembered:
    key = one.engine_key
    return Remembered(one.partition, one.stream, one.gateway, key, routing_key_of(key), agent_of(key))


def _took(
    held: Remembered, position: int, event: fact.EntriesRecorded, revision: Revision
) -> tuple[Remembered, list[Row]]:
    turn = next((one for one in held.open if one.session_id == event.session_id), None)
    match revision.role:
        case "user" if turn is None or turn.work is not NO_WORK or turn.failed_at is not None:
            begun = Told(position, event.session_id, event.occurred_at, event.heartbeat)
            return _with(held, begun), [] if turn is None else [_row(held, turn)]
        case "user" if turn is not None and event.heartbeat and not turn.heartbeat:
            return _with(held, replace(turn, heartbeat=True)), []
        case "assistant" if turn is not None:
            turn = replace(turn, work=worked(turn.work, revision.billed, revision.tools))
            if revision.tools:
                return _with(held, replace(turn, failed_at=None)), []
            if revision.billed is None:
                return _with(held, replace(turn, failed_at=event.occurred_at)), []
            return _without(held, turn), [_row(held, turn, ("committed", event.occurred_at))]
        case _:
            return held, []


def _with(held: Remembered, turn: Told) -> Remembered:
    others = _without(held, turn).open
    return replace(held, open=(*others, turn)[-MOST_OPEN:])


def _without(held: Remembered, turn: Told) -> Remembered:
    return replace(held, open=tuple([one for one in held.open if one.session_id != turn.session_id]))


def _row(held: Remembered, turn: Told, ending: tuple[Outcome, int | None] | None = None) -> TranscriptTurnRow:
    outcome, ended_at = ending or (("failed", turn.failed_at) if turn.failed_at is not None else ("open", None))
    taken_in, given_out, read, written = turn.work.billed or (None, None, None, None)
    return TranscriptTurnRow(
        held.partition,
        turn.position,
        held.stream,
        held.gateway,
        held.engine_key,
        held.routing_key,
        held.agent,
        turn.session_id,
        turn.heartbeat,
        outcome,
        taken_in,
        given_out,
        read,
        written,
        None if turn.work.billed is None else min(sum(turn.work.billed), MOST_TOKENS),
        turn.work.tools,
        turn.work.counts,
        turn.started_at,
        ended_at,
    )


TRANSCRIPT_TURNS = Projection(
    name="transcript_turns",
    version=1,
    memory=Remembered,
    fold=fold,
    shown=shown,
    tables=(Table("transcript_turns", TranscriptTurnRow, ("partition", "position")),),
    objects=(
        "transcript_turns/table",
        "transcript_turns/by_time",
        "transcript_turns/by_session",
        "transcript_turns/register",
        "transcript_turns/view",
    ),
    takes=frozenset((fact.EngineOpened, fact.EntriesRecorded)),
)
