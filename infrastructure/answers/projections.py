"""Answers about read models: how far each is, and what it could not take."""

from datetime import datetime

from msgspec import Struct
from psycopg.rows import class_row

from infrastructure.answers.library import Library
from infrastructure.answers.times import rfc3339
from projections.catalogue import PROJECTIONS
from projections.machinery.generations import count
from projections.machinery.projection import AnyProjection
from projections.sql import statement


class SetAsideAnswer(Struct, frozen=True):
    """An event that a fold could not take, and why."""

    event_id: str
    error: str


class GenerationAnswer(Struct, frozen=True):
    """How far a generation is. `offset` counts the events that it has folded, `lag_events` those that it has not, and
    `lag_seconds` is for how long the first of these has been on record.
    """

    generation: int
    version: int
    offset: int
    lag_events: int
    lag_seconds: float
    rows: int
    set_aside: int
    last_error: SetAsideAnswer | None
    begun_at: str
    live_at: str | None


class ProjectionAnswer(Struct, frozen=True):
    """A read model: the generation that is read, and the one that is filled beside it, if there is one.

    `version` is of the fold of this Heartline: a generation of another version is not folded any further; a rebuild
    replaces it.
    """

    name: str
    version: int
    up_to_date: bool
    live: GenerationAnswer
    filling: GenerationAnswer | None


class _Found(Struct, frozen=True):
    projection: str
    generation: int
    version: int
    state: str
    begun_at: datetime
    live_at: datetime | None
    folded: int
    events: int
    waiting_since: int | None
    set_aside: int


def projection_answers(library: Library, now: int) -> list[ProjectionAnswer]:
    """Say how far every read model is, at a time in µs."""
    with library.ledger.connection.cursor(row_factory=class_row(_Found)) as cursor:
        found = cursor.execute(statement("machinery/lag")).fetchall()
    by_state = {(one.projection, one.state): one for one in found}
    return [_answer(library, one, by_state, now) for one in PROJECTIONS]


def _answer(
    library: Library, projection: AnyProjection, found: dict[tuple[str, str], _Found], now: int
) -> ProjectionAnswer:
    live = found[projection.name, "live"]
    filling = found.get((projection.name, "filling"))
    return ProjectionAnswer(
        name=projection.name,
        version=projection.version,
        up_to_date=live.version == projection.version and live.folded == live.events,
        live=_generation(library, projection, live, now),
        filling=None if filling is None else _generation(library, projection, filling, now),
    )


def _generation(library: Library, projection: AnyProjection, found: _Found, now: int) -> GenerationAnswer:
    lag = 0.0 if found.waiting_since is None else max(now - found.waiting_since, 0) / 1_000_000
    return GenerationAnswer(
        generation=found.generation,
        version=found.version,
        offset=found.folded,
        lag_events=found.events - found.folded,
        lag_seconds=round(lag, 3),
        rows=count(library.ledger.connection, projection, found.generation),
        set_aside=found.set_aside,
        last_error=_last_error(library, found) if found.set_aside else None,
        begun_at=_rfc3339(found.begun_at),
        live_at=None if found.live_at is None else _rfc3339(found.live_at),
    )


def _last_error(library: Library, found: _Found) -> SetAsideAnswer | None:
    where = {"projection": found.projection, "generation": found.generation}
    for partition, position, error in library.rows("machinery/last_error", where):
        return SetAsideAnswer(f"{partition}-{position}", error)
    return None


def _rfc3339(when: datetime) -> str:
    return rfc3339(int(when.timestamp() * 1_000_000))
