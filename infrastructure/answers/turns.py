"""Answers about turns: what each took, what it cost, and how it ended."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from infrastructure.answers.library import Library
from infrastructure.answers.listing import Listing
from infrastructure.answers.objects import EngineKey, Gateway, RoutingKey, TickId, Time
from infrastructure.answers.times import rfc3339
from projections.turns.turn import Outcome

EVER = 2**63 - 1
"""Behind every time, in µs."""


class TurnListed(Struct, frozen=True):
    """A row of `turns/list`: when the turn began (`at`, as `started_at`), and its other columns. Times in µs."""

    at: int
    partition: int
    position: int
    stream: UUID
    gateway: str
    engine_key: str
    routing_key: str
    session_id: str
    turn_id: str
    tick_id: str | None
    heartbeat: bool | None
    outcome: Outcome
    attempts: int
    first_call: int | None
    last_call: int | None
    context_tokens_start: int | None
    context_tokens_peak: int | None
    assembled_tokens: int | None
    budget: int | None
    billed_input: int | None
    billed_output: int | None
    billed_cache_read: int | None
    billed_cache_write: int | None
    billed_tokens: int | None
    tools: list[str]
    tool_counts: list[int]
    overflows: int
    compactions: int
    started_at: int
    ended_at: int | None
    evidence: Literal["recorded", "reconstructed"]


class ToolUse(Struct, frozen=True):
    """A tool, and how often a turn called it."""

    name: str
    calls: int


class BilledAnswer(Struct, frozen=True):
    """Tokens as the provider reported them. `input` is without what was read from its cache or written to it."""

    input: int
    output: int
    cache_read: int
    cache_write: int


class TurnAnswer(Struct, frozen=True):
    """A turn: one admitted prompt up to its accepted reply, or its failure. Context tokens are estimated."""

    turn_id: Annotated[str, Meta(description="The host's logical turn, else the delivery id of its first prompt.")]
    gateway: Gateway
    routing_key: RoutingKey
    engine_key: EngineKey
    session_id: str
    tick_id: TickId | None
    heartbeat: Annotated[bool | None, Meta(description="Whether the host called it one; null where it did not say.")]
    started_at: Time
    ended_at: Time | None
    outcome: Outcome
    attempts: int
    first_call: int | None
    last_call: int | None
    first_submitted: int | None
    last_submitted: int | None
    context_tokens_start: Annotated[int | None, Meta(description="Of its first context.")]
    context_tokens_peak: Annotated[int | None, Meta(description="Of its largest context.")]
    assembled_tokens: Annotated[int | None, Meta(description="Of its last context.")]
    submitted_tokens: Annotated[
        int | None, Meta(description="Of what the model received last, with system prompt and tools where on record.")
    ]
    tokens_basis: Annotated[Literal["estimated"], Meta(description="Of all tokens but the billed ones.")]
    budget: int | None
    billed_tokens: Annotated[int | None, Meta(description="All that was billed; null where nothing was reported.")]
    billed: BilledAnswer | None
    billed_basis: Literal["reported"] | None
    tools: list[ToolUse]
    overflows: int
    compactions: int
    event_id: Annotated[str, Meta(description="The event that began it: its first context, if one is on record.")]
    evidence: Annotated[
        Literal["recorded", "reconstructed"],
        Meta(description="How it is known: its engine's calls were recorded, or the host's transcript tells of it."),
    ]


class Submitted(Struct, frozen=True):
    """What the model received in a turn: the numbers of the first and of the last context, and the last one's tokens.

    None where nothing is on record.
    """

    first: int | None = None
    last: int | None = None
    tokens: int | None = None


NOT_ON_RECORD = Submitted()
"""What is known of a turn's submitted contexts where there is none."""


def turn_answers(library: Library, rows: Sequence[TurnListed]) -> list[TurnAnswer]:
    """Write a page of turns."""
    submitted = _submitted(library, rows)
    ticks = _ticks(library, [row for row in rows if row.tick_id is None])
    places = [(row.partition, row.position) for row in rows]
    return [
        _answer(row, submitted.get(place, NOT_ON_RECORD), ticks.get(place))
        for place, row in zip(places, rows, strict=True)
    ]


def _answer(row: TurnListed, submitted: Submitted, tick_id: str | None) -> TurnAnswer:
    return TurnAnswer(
        turn_id=row.turn_id,
        gateway=row.gateway,
        routing_key=row.routing_key,
        engine_key=row.engine_key,
        session_id=row.session_id,
        tick_id=row.tick_id or tick_id,
        heartbeat=row.heartbeat,
        started_at=rfc3339(row.started_at),
        ended_at=None if row.ended_at is None else rfc3339(row.ended_at),
        outcome=row.outcome,
        attempts=row.attempts,
        first_call=row.first_call,
        last_call=row.last_call,
        first_submitted=submitted.first,
        last_submitted=submitted.last,
        context_tokens_start=row.context_tokens_start,
        context_tokens_peak=row.context_tokens_peak,
        assembled_tokens=row.assembled_tokens,
        submitted_tokens=submitted.tokens,
        tokens_basis="estimated",
        budget=row.budget,
        billed_tokens=row.billed_tokens,
        billed=_billed(row),
        billed_basis=None if row.billed_tokens is None else "reported",
        tools=[ToolUse(name, calls) for name, calls in zip(row.tools, row.tool_counts, strict=True)],
        overflows=row.overflows,
        compactions=row.compactions,
        event_id=f"{row.partition}-{row.position}",
        evidence=row.evidence,
    )


def _billed(row: TurnListed) -> BilledAnswer | None:
    if row.billed_tokens is None:
        return None
    return BilledAnswer(
        row.billed_input or 0, row.billed_output or 0, row.billed_cache_read or 0, row.billed_cache_write or 0
    )


def _submitted(library: Library, rows: Sequence[TurnListed]) -> dict[tuple[int, int], Submitted]:
    """Give what was submitted in turns while they ran, by their places."""
    if not rows:
        return {}
    wanted = {
        "partitions": [row.partition for row in rows],
        "streams": [row.stream for row in rows],
        "engine_keys": [row.engine_key for row in rows],
        "sessions": [row.session_id for row in rows],
        "since": [row.started_at for row in rows],
        "until": [_last_instant(row) for row in rows],
    }
    found = library.rows("turns/submitted", wanted)
    places = [(row.partition, row.position) for row in rows]
    return {places[place - 1]: Submitted(first, last, tokens) for place, first, last, tokens in found}


def _last_instant(row: TurnListed) -> int:
    """Give the last µs of a turn: the next one begins at the very moment at which an abandoned one ends."""
    if row.ended_at is None:
        return EVER
    return row.ended_at - (row.outcome == "abandoned")


def _ticks(library: Library, rows: Sequence[TurnListed]) -> dict[tuple[int, int], str]:
    """Give the ticks that turns belong to although their own stream does not say so, by their places."""
    if not rows:
        return {}
    wanted = {
        "streams": [row.stream for row in rows],
        "sessions": [row.session_id for row in rows],
        "started": [row.started_at for row in rows],
        "ended": [row.ended_at for row in rows],
    }
    return {
        (rows[place - 1].partition, rows[place - 1].position): tick_id
        for place, tick_id in library.rows("ticks/of_turns", wanted)
    }


TURNS = Listing(
    name="turns",
    command="turns",
    statement="turns/list",
    reads=("engines", "turns", "transcript_turns", "ticks", "contexts"),
    row=TurnListed,
    answers=turn_answers,
    answer=TurnAnswer,
    columns=("engine_key", "outcome", "attempts", "assembled_tokens", "billed_tokens", "overflows", "started_at"),
    summary="List the turns: what each took, what it cost, and how it ended.",
    order="A turn's time is that at which it began.",
)
