"""Answers about streams: which there are, and what their engines came to."""

import re
from datetime import UTC, datetime

from domain.engine import FRESH, Engine, evolve
from domain.events import decode
from infrastructure.answers.library import Library, Place, StreamFound
from infrastructure.answers.objects import StateAnswer, StreamAnswer
from infrastructure.answers.times import parse_time, rfc3339

_VERSION = re.compile(r"[0-9]{1,18}")


def stream_answer(found: StreamFound) -> StreamAnswer:
    """Write a stream as `streams` lists it."""
    return StreamAnswer(
        gateway=found.gateway,
        engine_key=found.engine_key,
        routing_key=found.routing_key,
        session_id=found.session_id,
        kind=found.kind,
        phase=found.phase,
        events=found.events,
        first_at=rfc3339(found.first_at),
        last_at=rfc3339(found.last_at),
    )


def state_answer(library: Library, place: Place, at: str | None = None) -> StateAnswer:
    """Give an engine's state as of a version or a time (the version before the first later event); of now if None.

    Raises:
        WrongUsage: `at` is neither.
    """
    until = int(at) if at is not None and _VERSION.fullmatch(at) else None
    latest = parse_time(at, datetime.now(UTC)) if at is not None and until is None else None
    engine = FRESH
    for row in library.ledger.stream(place.gateway, place.engine_key, until=until):
        event = decode(row.payload)
        if latest is not None and event.occurred_at > latest:
            break
        engine = evolve(engine, event)
    return _state(engine, place)


def _state(engine: Engine, place: Place) -> StateAnswer:
    return StateAnswer(
        gateway=place.gateway,
        engine_key=place.engine_key,
        routing_key=engine.routing_key or place.routing_key,
        version=engine.version,
        phase=engine.phase,
        session_id=engine.session_id,
        sessions=len(engine.sessions),
        tick_id=engine.tick,
        turn=engine.turn,
        entries=len(engine.roster),
        contexts=engine.assembled.count,
        submitted=engine.submitted.count,
        context_entries=len(engine.assembled.last()),
        context_tokens=engine.context_tokens,
        context_tokens_basis=None if engine.context_tokens is None else "estimated",
        budget=engine.budget,
        ticks=len(engine.ticks),
        skipped_ticks=engine.skipped_ticks,
        turns=engine.turns,
        failed_attempts=engine.failed_attempts,
        overflows=engine.overflows,
        compactions=engine.compactions,
        failed_compactions=engine.failed_compactions,
        subagents=engine.subagents,
        anomalies=engine.anomalies,
        last_at=None if engine.last_at is None else rfc3339(engine.last_at),
    )
