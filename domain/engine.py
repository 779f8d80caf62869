"""The machine on one page: an engine's state, and how every event changes it. (What may happen: `domain.decider`.)

    fresh → idle → in-turn → (overflowed → compacting →) idle → … → closed

with a tick lying over the phases while a heartbeat runs. Instances that a host builds and disposes of every turn
change no engine.
"""

from collections.abc import Iterable
from functools import reduce
from typing import Literal, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from domain import events as fact
from domain.context import Chain
from domain.entries import COMPACT, Roster
from domain.growing import GrowingMap

Phase = Literal["fresh", "idle", "in-turn", "overflowed", "compacting", "closed"]


class Turn(Struct, frozen=True, kw_only=True):
    """The turn that an engine is in, or whose last attempt has just failed (`broken`) and may be made again.

    `prompt` is the revision of its prompt's text; `prompt_entry` and `prompt_size` (bytes) are of its first user
    message. `entries_before` counts the stream's entries before those that belong to it.
    """

    id: str
    session_id: str
    attempts: int = 1
    broken: bool = False
    resumed: bool = False
    prompt: int | None = None
    prompt_entry: int | None = None
    prompt_size: int | None = None
    entries_before: int = 0


class Engine(Struct, frozen=True, kw_only=True):
    """The state of one engine: what its stream comes to, up to `version`.

    `unanswered` is the number of the first of the user's messages that were delivered since anyone answered, or since
    the last turn or attempt ended.
    """

    version: int = 0
    phase: Phase = "fresh"
    routing_key: str | None = None
    session_id: str | None = None
    sessions: GrowingMap[str, int] = field(default_factory=GrowingMap[str, int])
    heartbeat_sessions: GrowingMap[str, int] = field(default_factory=GrowingMap[str, int])
    ticks: GrowingMap[str, int] = field(default_factory=GrowingMap[str, int])
    settled_ticks: GrowingMap[str, int] = field(default_factory=GrowingMap[str, int])
    advancements: GrowingMap[str, int] = field(default_factory=GrowingMap[str, int])
    tick: str | None = None
    turn: Turn | None = None
    unanswered: int | None = None
    roster: Roster = field(default_factory=Roster)
    assembled: Chain = field(default_factory=Chain)
    submitted: Chain = field(default_factory=Chain)
    context_tokens: int | None = None
    budget: int | None = None
    turns: int = 0
    failed_attempts: int = 0
    overflows: int = 0
    compactions: int = 0
    failed_compactions: int = 0
    skipped_ticks: int = 0
    subagents: int = 0
    anomalies: int = 0
    last_at: int | None = None


FRESH = Engine()
"""Every engine before its first event."""


def phase_after(phase: Phase, event: fact.Event) -> Phase:
    """Give the phase after an event; the state's other fields don't matter to it. What is closed stays closed."""
    if phase == "closed":
        return phase
    match event:
        case fact.ContextAssembled():
            return "in-turn"
        case fact.OverflowReported():
            return "overflowed"
        case fact.CompactionStarted():
            return "compacting"
        case fact.EngineClosed():
            return "closed"
        case fact.TurnCommitted(late=late):
            return phase if late else "idle"
        case fact.EngineOpened() | fact.TurnFailed() | fact.CompactionCompleted() | fact.CompactionFailed():
            return "idle"
        case _:
            return phase


def evolve(engine: Engine, event: fact.Event) -> Engine:
    """Give the state after an event. Total: any event can follow any other."""
    phase = phase_after(engine.phase, event)
    after = replace(engine, version=engine.version + 1, last_at=event.occurred_at, phase=phase)
    match event:
        case fact.EngineOpened():
            after = replace(after, routing_key=event.routing_key)
            return after if event.session_id is None else _in_session(after, event.session_id)
        case fact.EngineBootstrapped() | fact.EngineFellBack() | fact.AssemblyFailed():
            return _in_session(after, event.session_id)
        case fact.TickDispatched():
            ticks = engine.ticks.adding([(event.tick_id, after.version)])
            return replace(after, tick=engine.tick if event.late else event.tick_id, ticks=ticks)
        case fact.TickSkipped():
            skipped = engine.ticks.adding([(event.tick_id, after.version)])
            return replace(after, skipped_ticks=engine.skipped_ticks + 1, ticks=skipped)
        case fact.TickSettled():
            settled = engine.settled_ticks.adding([(event.tick_id, after.version)])
            return replace(after, tick=None if engine.tick == event.tick_id else engine.tick, settled_ticks=settled)
        case fact.EntriesRecorded():
            if event.sighted != "transcript":
                after = _in_session(after, event.session_id, event.heartbeat)
            roster = engine.roster.holding(
                event.revisions, summary=event.method == COMPACT, transcript=event.sighted == "transcript"
            )
            return replace(
                after,
                roster=roster,
                turn=turn_prompted(engine.turn, event),
                unanswered=first_unanswered(engine.unanswered, event),
            )
        case fact.TextsRecorded():
            return replace(after, roster=engine.roster.holding(event.revisions))
        case fact.ContextAssembled():
            return replace(
                _in_session(after, event.session_id),
                turn=turn_after(engine.turn, event, entries_before_turn(len(engine.roster), engine.unanswered)),
                assembled=engine.assembled.extended(event.delta),
                context_tokens=event.tokens,
                budget=event.budget,
            )
        case fact.PromptSubmitted():
            return replace(after, submitted=engine.submitted.extended(event.delta))
        case fact.OverflowReported():
            return replace(after, overflows=engine.overflows + 1, turn=turn_broken(engine.turn))
        case fact.TurnCommitted():
            done = [(event.advancement_key, after.version)] if event.advancement_key else []
            after = _in_session(after, event.session_id, event.heartbeat)
            after = replace(after, turns=engine.turns + 1, advancements=engine.advancements.adding(done))
            return after if event.late else replace(after, turn=None, unanswered=None)
        case fact.TurnFailed():
            failed = engine.failed_attempts + 1
            return replace(after, turn=turn_broken(engine.turn), failed_attempts=failed, unanswered=None)
        case fact.CompactionStarted():
            return _in_session(after, event.session_id, event.heartbeat)
        case fact.CompactionCompleted():
            turn = turn_resumed(engine.turn, event)
            return replace(after, compactions=engine.compactions + event.compacted, turn=turn)
        case fact.CompactionFailed():
            return replace(after, failed_compactions=engine.failed_compactions + 1)
        case fact.SubagentSpawned():
            return replace(after, subagents=engine.subagents + 1)
        case fact.AnomalyNoted():
            return replace(after, anomalies=engine.anomalies + 1)
        case (
            fact.MaintenanceRecorded()
            | fact.SessionListed()
            | fact.RunReported()
            | fact.SubagentEnded()
            | fact.ContentErased()
            | fact.EngineClosed()
        ):
            return after
        case _:
            assert_never(event)


def _in_session(engine: Engine, session_id: str, heartbeat: bool | None = None) -> Engine:
    if session_id not in engine.sessions:
        engine = replace(engine, sessions=engine.sessions.adding([(session_id, engine.version)]))
    if heartbeat and session_id not in engine.heartbeat_sessions:
        known = engine.heartbeat_sessions.adding([(session_id, engine.version)])
        engine = replace(engine, heartbeat_sessions=known)
    return replace(engine, session_id=session_id)


def turn_prompted(turn: Turn | None, event: fact.EntriesRecorded) -> Turn | None:
    """Take note of the first user message that a turn's host delivers."""
    prompt = next((one for one in event.revisions if one.role == "user"), None)
    if turn is None or turn.prompt_entry is not None or prompt is None or event.sighted != "delivered":
        return turn
    return replace(turn, prompt_entry=prompt.entry, prompt_size=prompt.size)


def turn_broken(turn: Turn | None) -> Turn | None:
    """Give the turn whose last attempt failed."""
    return turn and replace(turn, broken=True)


def turn_resumed(turn: Turn | None, event: fact.CompactionCompleted) -> Turn | None:
    """Give the turn after a compaction: one that overflowed goes on."""
    return replace(turn, resumed=True) if turn and turn.broken and event.compacted else turn


def entries_before_turn(entries: int, unanswered: int | None) -> int:
    """Count the entries before those of a turn that is opened now, of so many; `unanswered` is as an engine has it."""
    return entries if unanswered is None else unanswered - 1


def first_unanswered(known: int | None, event: fact.EntriesRecorded) -> int | None:
    """Take note of the user's messages with which what is delivered ends."""
    if event.sighted != "delivered" or event.method == COMPACT:
        return known
    for one in event.revisions:
        if one.revision == 1:
            known = None if one.role != "user" else known or one.entry
    return known


def turn_after(turn: Turn | None, event: fact.ContextAssembled, entries_before: int) -> Turn:
    """Give the turn that a context was assembled for; one that it opens has so many entries before its own."""
    if turn is None or (turn.id, turn.session_id) != (event.turn_id, event.session_id):
        return Turn(
            id=event.turn_id,
            session_id=event.session_id,
            attempts=event.attempt,
            prompt=event.prompt,
            entries_before=entries_before,
        )
    return replace(turn, attempts=event.attempt, broken=False)


def fold(events: Iterable[fact.Event], engine: Engine = FRESH) -> Engine:
    """Give the state after all these events."""
    return reduce(evolve, events, engine)
