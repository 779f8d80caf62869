"""Answers about ticks: a receipt for each, dispatched or skipped."""

from collections.abc import Iterator, Sequence
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from domain.events import Basis
from domain.heartbeat import Source
from domain.keys import kind_of
from infrastructure.answers.library import Library
from infrastructure.answers.listing import Listing
from infrastructure.answers.objects import EngineKey, Gateway, RoutingKey, TickId, Time
from infrastructure.answers.replays import Replay, TickRun, replays_of
from infrastructure.answers.times import rfc3339
from infrastructure.answers.turns import EVER
from projections.turns.turn import Outcome


class TickListed(Struct, frozen=True):
    """A row of `ticks/list`: when the tick was dispatched or skipped (`at`), and its other columns. Times in µs."""

    at: int
    partition: int
    position: int
    stream: UUID
    tick_id: str
    gateway: str
    routing_key: str
    engine_key: str | None
    engine: UUID | None
    session_id: str | None
    isolated: bool | None
    source: Source | None
    reason: str | None
    dispatched_at: int | None
    settled_at: int | None
    outcome: str | None
    skip_reason: str | None


class ReceiptAnswer(Struct, frozen=True):
    """The receipt of a tick, dispatched or skipped at a time (`at`). Context tokens are estimated, billed tokens are as
    the provider reported them.
    """

    tick_id: TickId
    gateway: Gateway
    routing_key: RoutingKey
    engine_key: EngineKey | None
    session_id: str | None
    isolated: Annotated[bool | None, Meta(description="Whether it has its session for itself; null where unknown.")]
    source: Annotated[Source | None, Meta(description="What it was due for.")]
    reason: Annotated[str | None, Meta(description="Why it ran, in the host's words.")]
    at: Time
    dispatched_at: Time | None
    settled_at: Time | None
    outcome: Annotated[str | None, Meta(description="`ok-token`, `ok-empty`, `sent`, `failed` or `skipped`.")]
    skip_reason: str | None
    context_tokens_start: Annotated[int | None, Meta(description="Of the first context of `basis`.")]
    context_tokens_peak: Annotated[int | None, Meta(description="Of the largest context of `basis`.")]
    budget: int | None
    replayed_entries: Annotated[
        int | None, Meta(description="The most foreign entries that one of its contexts held; null if not isolated.")
    ]
    basis: Annotated[
        Basis | None,
        Meta(description="Which contexts replayed entries and context tokens are of; null (not isolated): assembled."),
    ]
    overflows: int
    compactions: int
    billed_tokens: Annotated[int | None, Meta(description="All that was billed; null where nothing was reported.")]
    event_id: Annotated[str, Meta(description="The event that dispatched or skipped it.")]


class TurnsOfTick(Struct, frozen=True):
    """What the turns of a tick come to, together; `outcome` is the last one's. Times in µs: `started_at` is None where
    no turn is on record, `ended_at` while one goes on.
    """

    context_tokens_start: int | None = None
    context_tokens_peak: int | None = None
    budget: int | None = None
    overflows: int = 0
    compactions: int = 0
    billed_tokens: int | None = None
    heartbeat: bool | None = None
    outcome: Outcome | None = None
    started_at: int | None = None
    ended_at: int | None = None


NO_TURNS = TurnsOfTick()
"""What a tick without turns comes to."""


def tick_answers(library: Library, rows: Sequence[TickListed]) -> list[ReceiptAnswer]:
    """Write a page of ticks."""
    turns = _turns(library, rows)
    isolated = [_isolated(row, its_turns) for row, its_turns in zip(rows, turns, strict=True)]
    runs = [
        _run(library, row, its_turns) if alone else None
        for row, its_turns, alone in zip(rows, turns, isolated, strict=True)
    ]
    replays = replays_of(library, [run for run in runs if run is not None])
    return [
        _answer(row, its_turns, alone, replays.get(run, Replay()) if run else Replay())
        for row, its_turns, alone, run in zip(rows, turns, isolated, runs, strict=True)
    ]


def _answer(row: TickListed, turns: TurnsOfTick, isolated: bool | None, replay: Replay) -> ReceiptAnswer:
    return ReceiptAnswer(
        tick_id=row.tick_id,
        gateway=row.gateway,
        routing_key=row.routing_key,
        engine_key=row.engine_key,
        session_id=row.session_id,
        isolated=isolated,
        source=row.source,
        reason=row.reason,
        at=rfc3339(row.at),
        dispatched_at=None if row.dispatched_at is None else rfc3339(row.dispatched_at),
        settled_at=None if row.settled_at is None else rfc3339(row.settled_at),
        outcome=_outcome(row, turns),
        skip_reason=row.skip_reason,
        context_tokens_start=replay.tokens_start if replay.basis else turns.context_tokens_start,
        context_tokens_peak=replay.tokens_peak if replay.basis else turns.context_tokens_peak,
        budget=turns.budget,
        replayed_entries=replay.entries,
        basis=replay.basis,
        overflows=turns.overflows,
        compactions=turns.compactions,
        billed_tokens=turns.billed_tokens,
        event_id=f"{row.partition}-{row.position}",
    )


def _turns(library: Library, rows: Sequence[TickListed]) -> list[TurnsOfTick]:
    """Give for each tick what its turns come to."""
    answers = [NO_TURNS] * len(rows)
    ran = [(place, row, row.engine_key) for place, row in enumerate(rows) if row.engine_key is not None]
    if not ran:
        return answers
    tick_ids, since, until = zip(*(_which(row) for _place, row, _engine_key in ran), strict=True)
    wanted = {
        "partitions": [library.ledger.partition_of(row.gateway, engine_key) for _place, row, engine_key in ran],
        "engines": [row.engine for _place, row, _engine_key in ran],
        "sessions": [row.session_id for _place, row, _engine_key in ran],
        "tick_ids": list(tick_ids),
        "since": list(since),
        "until": list(until),
    }
    for place, *figures in library.rows("turns/of_ticks", wanted):
        answers[ran[place - 1][0]] = TurnsOfTick(*figures)
    told_later = [(place, row) for place, row, _engine_key in ran if answers[place] is NO_TURNS]
    for place, turns in _of_transcripts(library, told_later):
        answers[place] = turns
    return answers


def _of_transcripts(library: Library, rows: Sequence[tuple[int, TickListed]]) -> Iterator[tuple[int, TurnsOfTick]]:
    """Give what the host's transcripts say of ticks of which no turn was recorded, by their places."""
    if not rows:
        return
    wanted = {
        "partitions": [library.ledger.partition_of(row.gateway, row.engine_key or "") for _place, row in rows],
        "engines": [row.engine for _place, row in rows],
        "sessions": [row.session_id for _place, row in rows],
        "since": [None if row.isolated else row.dispatched_at for _place, row in rows],
        "until": [None if row.isolated else row.settled_at for _place, row in rows],
    }
    for place, billed, heartbeat, outcome, started_at, ended_at in library.rows("transcript_turns/of_ticks", wanted):
        yield (
            rows[place - 1][0],
            TurnsOfTick(
                billed_tokens=billed,
                heartbeat=heartbeat,
                outcome=outcome,
                started_at=started_at,
                ended_at=ended_at,
            ),
        )


def _which(row: TickListed) -> tuple[str | None, int | None, int | None]:
    """Say which turns are a tick's: those that name it, else those of its session that began within a time (µs)."""
    if row.isolated:
        return None, None, None
    if row.engine == row.stream:
        return row.tick_id, None, None
    return None, row.dispatched_at, row.settled_at


def _isolated(row: TickListed, turns: TurnsOfTick) -> bool | None:
    """Conclude whether a tick has its session for itself, where the stream of its routing key does not tell (contracts,
    "Replay"): its key is a heartbeat's, and the host called its turns heartbeats.
    """
    if row.isolated is None and turns.heartbeat and kind_of(row.routing_key) == "heartbeat":
        return True
    return row.isolated


def _outcome(row: TickListed, turns: TurnsOfTick) -> str | None:
    """Give what a tick came to. Where nobody settled it, it failed if its last turn did."""
    if row.outcome is None and turns.outcome == "failed":
        return "failed"
    return row.outcome


def _run(library: Library, row: TickListed, turns: TurnsOfTick) -> TickRun | None:
    if row.engine_key is None or row.session_id is None or turns.started_at is None:
        return None
    ended_at = EVER if turns.ended_at is None else turns.ended_at
    return TickRun(
        place=library.placed(row.gateway, row.engine_key, row.routing_key),
        session_id=row.session_id,
        since=min(turns.started_at, row.at),
        until=ended_at if row.settled_at is None else max(ended_at, row.settled_at),
    )


TICKS = Listing(
    name="ticks",
    command="ticks",
    statement="ticks/list",
    reads=("engines", "ticks", "turns", "transcript_turns", "contexts", "origins"),
    row=TickListed,
    answers=tick_answers,
    answer=ReceiptAnswer,
    columns=("tick_id", "outcome", "context_tokens_peak", "replayed_entries", "billed_tokens", "at"),
    summary="List the ticks, with a receipt for each.",
    order="A tick's time is that at which it was dispatched or skipped.",
)
