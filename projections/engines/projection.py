"""The fold of engines."""

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from msgspec import Struct, json

from domain.engine import Phase
from domain.events import EngineOpened, TickDispatched, TickSkipped
from domain.keys import Kind, agent_of, kind_of, routing_key_of
from domain.standing import NOWHERE, Standing, stand
from projections.machinery.projection import EVERY_EVENT, Projection, Recorded, Row, Table

EVERY = 256
"""How many events lie between two places at which it is noted where an engine stood: so many are folded at most to tell
its state at any version or time."""


class EngineRow(Struct, frozen=True, kw_only=True):
    """What an engine came to. Times in µs since the Unix epoch; tokens of its last context are as it estimated them.

    `position` and `opened_at` are of its first event, and never change; `first_at` is the least time of any.
    """

    partition: int
    stream: UUID
    gateway: str
    engine_key: str
    routing_key: str
    agent: str | None
    kind: Kind
    version: int
    phase: Phase
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
    first_at: int
    last_at: int
    position: int
    opened_at: int


class StandingRow(Struct, frozen=True):
    """Where an engine stood at a version. `latest_at` (µs) is the latest time of any of its events up to then."""

    partition: int
    stream: UUID
    version: int
    latest_at: int
    standing: bytes


class AppearanceRow(Struct, frozen=True):
    """A session or a tick that an engine was told of at a version, perhaps again. `name` is a digest of its id."""

    partition: int
    stream: UUID
    version: int
    tick: bool
    name: bytes


class Remembered(Struct, frozen=True):
    """An engine, where it begins, and where it stands."""

    partition: int
    position: int
    opened_at: int
    stream: UUID
    gateway: str
    engine_key: str
    kind: Kind
    standing: Standing


def fold(remembered: Remembered | None, one: Recorded) -> tuple[Remembered, Sequence[Row]]:
    """Give where an engine stands after an event; every so many events, also as a row."""
    if remembered is None:
        kind = one.event.kind if isinstance(one.event, EngineOpened) else kind_of(one.engine_key)
        at = one.event.occurred_at
        remembered = Remembered(one.partition, one.position, at, one.stream, one.gateway, one.engine_key, kind, NOWHERE)
    standing = stand(remembered.standing, one.event)
    after = Remembered(
        one.partition,
        remembered.position,
        remembered.opened_at,
        one.stream,
        remembered.gateway,
        remembered.engine_key,
        remembered.kind,
        standing,
    )
    rows: list[Row] = []
    if isinstance(one.event, TickDispatched | TickSkipped):
        rows.append(AppearanceRow(one.partition, one.stream, standing.version, True, _digest(one.event.tick_id)))
    elif standing.session_id is not None and standing.session_id != remembered.standing.session_id:
        rows.append(AppearanceRow(one.partition, one.stream, standing.version, False, _digest(standing.session_id)))
    if standing.version % EVERY == 0:
        written = json.encode(standing)
        rows.append(StandingRow(one.partition, one.stream, standing.version, standing.latest_at or 0, written))
    return after, rows


def _digest(name: str) -> bytes:
    return sha256(name.encode("utf-8", "surrogatepass")).digest()[:16]


def shown(remembered: Remembered) -> Sequence[Row]:
    """Give an engine's row."""
    standing = remembered.standing
    return (
        EngineRow(
            partition=remembered.partition,
            stream=remembered.stream,
            gateway=remembered.gateway,
            engine_key=remembered.engine_key,
            routing_key=standing.routing_key or routing_key_of(remembered.engine_key),
            agent=agent_of(remembered.engine_key),
            kind=remembered.kind,
            version=standing.version,
            phase=standing.phase,
            session_id=standing.session_id,
            tick_id=standing.tick_id,
            entries=standing.entries,
            contexts=standing.contexts,
            context_tokens=standing.context_tokens,
            budget=standing.budget,
            turns=standing.turns,
            overflows=standing.overflows,
            compactions=standing.compactions,
            anomalies=standing.anomalies,
            first_at=standing.first_at or 0,
            last_at=standing.latest_at or 0,
            position=remembered.position,
            opened_at=remembered.opened_at,
        ),
    )


ENGINES = Projection(
    name="engines",
    version=1,
    memory=Remembered,
    fold=fold,
    shown=shown,
    tables=(
        Table("engines", EngineRow, ("partition", "stream")),
        Table("appearances", AppearanceRow, ("partition", "stream", "version"), replaced=False),
        Table("standings", StandingRow, ("partition", "stream", "version"), compared=False),
    ),
    objects=(
        "engines/table",
        "engines/by_time",
        "engines/by_gateway",
        "engines/by_engine_key",
        "engines/by_routing_key",
        "engines/by_agent",
        "engines/appearances",
        "engines/standings",
        "engines/register",
        "engines/view",
    ),
    takes=EVERY_EVENT,
)
