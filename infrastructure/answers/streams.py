"""Answers about streams: which there are, and what their engines came to."""

import re
from datetime import UTC, datetime

from msgspec import json

from domain.events import decode
from domain.standing import NOWHERE, Standing, stand
from infrastructure.answers.library import Library, Place, StreamFound
from infrastructure.answers.objects import StateAnswer, StreamAnswer
from infrastructure.answers.times import parse_time, rfc3339
from projections.engines.projection import EVERY

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

    It is folded from where the engine stood last on record before, which is never far.

    Raises:
        WrongUsage: `at` is neither.
    """
    version = int(at) if at is not None and _VERSION.fullmatch(at) else None
    time = parse_time(at, datetime.now(UTC)) if at is not None and version is None else None
    standing = _on_record(library, place, version, time)
    for row in library.ledger.stream(place.gateway, place.engine_key, standing.version, version, page=EVERY + 1):
        event = decode(row.payload)
        if time is not None and event.occurred_at > time:
            break
        standing = stand(standing, event)
    [(sessions, ticks)] = library.rows("engines/appearances_at", {**place.parameters, "version": standing.version})
    return _state(standing, place, sessions, ticks)


def _on_record(library: Library, place: Place, version: int | None, time: int | None) -> Standing:
    if time is None:
        found = library.rows("engines/standing_at_version", {**place.parameters, "version": version})
    else:
        found = library.rows("engines/standing_at_time", {**place.parameters, "time": time})
    return json.decode(found[0][0], type=Standing) if found else NOWHERE


def _state(standing: Standing, place: Place, sessions: int, ticks: int) -> StateAnswer:
    return StateAnswer(
        gateway=place.gateway,
        engine_key=place.engine_key,
        routing_key=standing.routing_key or place.routing_key,
        version=standing.version,
        phase=standing.phase,
        session_id=standing.session_id,
        sessions=sessions,
        tick_id=standing.tick_id,
        turn=standing.turn,
        entries=standing.entries,
        contexts=standing.contexts,
        submitted=standing.submitted,
        context_entries=standing.context_entries,
        context_tokens=standing.context_tokens,
        context_tokens_basis=None if standing.context_tokens is None else "estimated",
        budget=standing.budget,
        ticks=ticks,
        skipped_ticks=standing.skipped_ticks,
        turns=standing.turns,
        failed_attempts=standing.failed_attempts,
        overflows=standing.overflows,
        compactions=standing.compactions,
        failed_compactions=standing.failed_compactions,
        subagents=standing.subagents,
        anomalies=standing.anomalies,
        last_at=None if standing.last_at is None else rfc3339(standing.last_at),
    )
