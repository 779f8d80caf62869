"""The fold of keys: with which session each engine key was, from when to when."""

from collections.abc import Sequence
from typing import get_args

from msgspec import Struct

from domain.events import (
    AssemblyFailed,
    CompactionCompleted,
    CompactionFailed,
    CompactionStarted,
    ContextAssembled,
    EngineBootstrapped,
    EngineFellBack,
    EngineOpened,
    EntriesRecorded,
    MaintenanceRecorded,
    OverflowReported,
    PromptSubmitted,
    SessionListed,
    TurnCommitted,
    TurnFailed,
)
from domain.keys import Kind, agent_of, kind_of, routing_key_of
from projections.machinery.projection import Projection, Recorded, Row, Table


class KeyRow(Struct, frozen=True):
    """A period in which an engine key was with a session: from the session's first event to its last before another
    session's. A session that comes again begins another period, so however many sessions there are, one is remembered.

    `position`, `first_version` and `first_at` are of the first event; `last_at` is the latest time of any; times in µs.
    `events` are those that name the session. `transcript` is the last that was told. `heartbeat` says whether an event
    was told to be of a heartbeat; None where nothing was told.
    """

    partition: int
    position: int
    gateway: str
    routing_key: str
    engine_key: str
    agent: str | None
    kind: Kind
    session_id: str
    transcript: str | None
    heartbeat: bool | None
    first_version: int
    last_version: int
    first_at: int
    last_at: int
    events: int


class Remembered(Struct, frozen=True):
    """An engine, and the session that it is with. `called` says whether the host was seen to call it: its calls say in
    which session it is; what was submitted to the model and what the host's store has (both imported later, often) say
    it only without them.
    """

    routing_key: str
    kind: Kind
    called: bool
    period: KeyRow | None


_OF_A_TRANSCRIPT = (EngineBootstrapped, MaintenanceRecorded, CompactionStarted, TurnCommitted, SessionListed)
_OF_A_HEARTBEAT = (EntriesRecorded, TurnCommitted, CompactionStarted)

Sessional = (
    EngineOpened
    | EngineBootstrapped
    | EngineFellBack
    | EntriesRecorded
    | ContextAssembled
    | AssemblyFailed
    | PromptSubmitted
    | OverflowReported
    | TurnCommitted
    | TurnFailed
    | CompactionStarted
    | CompactionCompleted
    | CompactionFailed
    | MaintenanceRecorded
    | SessionListed
)
"""The events that name a session of their own stream. (A tick that is dispatched may name another's; a text that is met
says nothing of whether the engine was called.)"""


def fold(remembered: Remembered | None, one: Recorded) -> tuple[Remembered | None, Sequence[Row]]:
    """Give the period that an engine is in after an event; and the one before, once another has begun."""
    event = one.event
    if not isinstance(event, Sessional):
        return remembered, ()
    if remembered is None:
        key = one.engine_key
        routing_key, kind = (
            (event.routing_key, event.kind) if isinstance(event, EngineOpened) else (routing_key_of(key), kind_of(key))
        )
        remembered = Remembered(routing_key, kind, called=False, period=None)
    submitted = isinstance(event, PromptSubmitted | SessionListed) or (
        isinstance(event, EntriesRecorded) and event.sighted in ("submission", "transcript")
    )
    session_id, period, called = event.session_id, remembered.period, remembered.called
    if not session_id or (submitted and called and (period is None or period.session_id != session_id)):
        return remembered, ()
    called = called or not (submitted or isinstance(event, EngineOpened))
    if period is not None and period.session_id == session_id:
        return Remembered(remembered.routing_key, remembered.kind, called, _gone_on(period, one, event)), ()
    begun = KeyRow(
        one.partition,
        one.position,
        one.gateway,
        remembered.routing_key,
        one.engine_key,
        agent_of(one.engine_key),
        remembered.kind,
        session_id,
        event.transcript if isinstance(event, _OF_A_TRANSCRIPT) else None,
        event.heartbeat if isinstance(event, _OF_A_HEARTBEAT) else None,
        one.version,
        one.version,
        event.occurred_at,
        event.occurred_at,
        1,
    )
    return Remembered(remembered.routing_key, remembered.kind, called, begun), (() if period is None else (period,))


def _gone_on(period: KeyRow, one: Recorded, event: Sessional) -> KeyRow:
    transcript = event.transcript if isinstance(event, _OF_A_TRANSCRIPT) else None
    heartbeat = event.heartbeat if isinstance(event, _OF_A_HEARTBEAT) else None
    return KeyRow(
        period.partition,
        period.position,
        period.gateway,
        period.routing_key,
        period.engine_key,
        period.agent,
        period.kind,
        period.session_id,
        period.transcript if transcript is None else transcript,
        period.heartbeat if period.heartbeat or heartbeat is None else heartbeat,
        period.first_version,
        one.version,
        period.first_at,
        max(period.last_at, event.occurred_at),
        period.events + 1,
    )


def shown(remembered: Remembered) -> Sequence[Row]:
    """Give the period that an engine is in."""
    return () if remembered.period is None else (remembered.period,)


KEYS = Projection(
    name="keys",
    version=1,
    memory=Remembered,
    fold=fold,
    shown=shown,
    tables=(Table("keys", KeyRow, ("partition", "position")),),
    objects=(
        "keys/table",
        "keys/by_time",
        "keys/by_gateway",
        "keys/by_engine_key",
        "keys/by_routing_key",
        "keys/by_agent",
        "keys/by_session_id",
        "keys/register",
        "keys/view",
    ),
    takes=frozenset(get_args(Sessional)),
)
