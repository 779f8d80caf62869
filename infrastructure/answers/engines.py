"""Answers about engines: what each came to."""

from collections.abc import Sequence

from msgspec import Struct

from domain.engine import Phase
from domain.keys import Kind
from infrastructure.answers.library import Library
from infrastructure.answers.listing import Listing
from infrastructure.answers.objects import EngineKey, Gateway, RoutingKey, TickId, Time
from infrastructure.answers.times import rfc3339


class EngineFound(Struct, frozen=True):
    """An engine as it is listed. Times in µs since the Unix epoch; `at` is of its first event."""

    at: int
    partition: int
    position: int
    gateway: str
    engine_key: str
    routing_key: str
    agent: str | None
    kind: Kind
    phase: Phase
    events: int
    session_id: str | None
    tick_id: str | None
    entries: int
    contexts: int
    context_tokens: int | None
    budget: int | None
    turns: int
    overflows: int
    compactions: int
    anomalies: int
    last_at: int


class EngineAnswer(Struct, frozen=True):
    """An engine, and what it came to. `opened_at` is the time of its first event, `last_at` the latest of any."""

    gateway: Gateway
    engine_key: EngineKey
    routing_key: RoutingKey
    agent: str | None
    kind: Kind
    phase: Phase
    events: int
    session_id: str | None
    tick_id: TickId | None
    entries: int
    contexts: int
    context_tokens: int | None
    context_tokens_basis: str | None
    budget: int | None
    turns: int
    overflows: int
    compactions: int
    anomalies: int
    opened_at: Time
    last_at: Time


def engine_answers(_library: Library, rows: Sequence[EngineFound]) -> list[EngineAnswer]:
    """Write engines."""
    return [
        EngineAnswer(
            gateway=row.gateway,
            engine_key=row.engine_key,
            routing_key=row.routing_key,
            agent=row.agent,
            kind=row.kind,
            phase=row.phase,
            events=row.events,
            session_id=row.session_id,
            tick_id=row.tick_id,
            entries=row.entries,
            contexts=row.contexts,
            context_tokens=row.context_tokens,
            context_tokens_basis=None if row.context_tokens is None else "estimated",
            budget=row.budget,
            turns=row.turns,
            overflows=row.overflows,
            compactions=row.compactions,
            anomalies=row.anomalies,
            opened_at=rfc3339(row.at),
            last_at=rfc3339(row.last_at),
        )
        for row in rows
    ]


ENGINES = Listing(
    name="engines",
    command="engines",
    statement="engines/listed",
    reads=("engines",),
    row=EngineFound,
    answers=engine_answers,
    answer=EngineAnswer,
    columns=("gateway", "engine_key", "phase", "events", "turns", "opened_at", "last_at"),
    summary="List the engines, and what each came to.",
    order="An engine's time is that of its first event.",
)
