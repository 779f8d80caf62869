"""Answers about where tokens go: each context, its size by source, and its share of the budget."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from domain.events import Basis
from domain.keys import kind_of, tick_id
from infrastructure.answers.library import Library
from infrastructure.answers.listing import Listing
from infrastructure.answers.objects import EngineKey, EventId, Gateway, RoutingKey, TickId, Time
from infrastructure.answers.times import rfc3339

Share = Annotated[float, Meta(description="A part of one, to four digits.")]


class ContextFound(Struct, frozen=True):
    """A context as it is listed. Times in µs since the Unix epoch."""

    at: int
    partition: int
    position: int
    gateway: str
    engine_key: str
    routing_key: str
    agent: str | None
    session_id: str
    basis: Basis
    number: int
    turn_id: str | None
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


class TokenUsageAnswer(Struct, frozen=True):
    """What the tokens of a context went to, which an engine assembled (`call` counts these) or the model received
    (`submitted` counts these). All are estimated.

    `tokens` of an assembled context are as its engine said or, where it did not, `history`, `summary` and `this_turn`
    together; of a submitted one these with `system` and `tools`, the system prompt and the definitions of tools, which
    are None where they are not on record. `share` is of the budget. What the engine counted beyond `history`, `summary`
    and `this_turn` is `unattributed`; it is never less than 0, though estimates round on their own and an engine may
    count less than these.
    """

    gateway: Gateway
    engine_key: EngineKey
    routing_key: RoutingKey
    agent: str | None
    basis: Basis
    call: int | None
    submitted: int | None
    tick_id: TickId | None
    session_id: str
    turn_id: str | None
    attempt: int | None
    model: str | None
    entries: int
    tokens: int | None
    tokens_basis: str | None
    budget: int | None
    share: Share | None
    history: int | None
    summary: int | None
    this_turn: int | None
    system: int | None
    tools: int | None
    unattributed: int | None
    occurred_at: Time
    event_id: EventId


def token_usage_answers(_library: Library, rows: Sequence[ContextFound]) -> list[TokenUsageAnswer]:
    """Write what the tokens of contexts went to."""
    return [_answer(row) for row in rows]


def share_of(part: int | None, whole: int | None) -> float | None:
    """Give a share to four digits; None where either is not known, or there is no whole."""
    return None if part is None or not whole else round(part / whole, 4)


def _answer(row: ContextFound) -> TokenUsageAnswer:
    return TokenUsageAnswer(
        gateway=row.gateway,
        engine_key=row.engine_key,
        routing_key=row.routing_key,
        agent=row.agent,
        basis=row.basis,
        call=row.number if row.basis == "assembled" else None,
        submitted=row.number if row.basis == "submitted" else None,
        tick_id=tick_id(row.routing_key, row.session_id) if kind_of(row.routing_key) == "heartbeat" else None,
        session_id=row.session_id,
        turn_id=row.turn_id,
        attempt=row.attempt,
        model=row.model,
        entries=row.entries,
        tokens=row.tokens,
        tokens_basis=None if row.tokens is None else "estimated",
        budget=row.budget,
        share=share_of(row.tokens, row.budget),
        history=row.history,
        summary=row.summary,
        this_turn=row.this_turn,
        system=row.system,
        tools=row.tools,
        unattributed=row.unattributed,
        occurred_at=rfc3339(row.at),
        event_id=f"{row.partition}-{row.position}",
    )


TOKEN_USAGE = Listing(
    name="contexts",
    command="tokens",
    statement="contexts/list",
    reads=("engines", "contexts", "turns"),
    row=ContextFound,
    answers=token_usage_answers,
    answer=TokenUsageAnswer,
    columns=(
        *("engine_key", "call", "tokens", "share"),
        *("history", "summary", "this_turn", "system", "unattributed", "occurred_at"),
    ),
    summary="List the contexts, what the tokens of each went to, and its share of the budget.",
    order="A context's time is that at which it was assembled or submitted.",
)
