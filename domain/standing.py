"""What an engine came to, without what only decisions need: small however long the stream, and foldable from any point.

`domain.engine.Engine` comes to the same (a test compares them); it also holds every entry and the last contexts.
"""

from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from domain import events as fact
from domain.engine import (
    Phase,
    Turn,
    entries_before_turn,
    first_unanswered,
    phase_after,
    turn_after,
    turn_broken,
    turn_prompted,
    turn_resumed,
)


class Standing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an engine stands at `version`. `latest_at` is the latest time of any event so far, `last_at` the last one's
    (µs). `tokens` are of the last assembled context, as the engine estimated them; `budget` is in tokens.
    """

    version: int = 0
    phase: Phase = "fresh"
    routing_key: str | None = None
    session_id: str | None = None
    tick_id: str | None = None
    turn: Turn | None = None
    unanswered: int | None = None
    entries: int = 0
    contexts: int = 0
    submitted: int = 0
    context_entries: int = 0
    context_tokens: int | None = None
    budget: int | None = None
    skipped_ticks: int = 0
    turns: int = 0
    failed_attempts: int = 0
    overflows: int = 0
    compactions: int = 0
    failed_compactions: int = 0
    subagents: int = 0
    anomalies: int = 0
    first_at: int | None = None
    last_at: int | None = None
    latest_at: int | None = None


NOWHERE = Standing()
"""Where every engine stands before its first event."""


IN_SESSION = (
    fact.EngineOpened,
    fact.EngineBootstrapped,
    fact.EngineFellBack,
    fact.AssemblyFailed,
    fact.EntriesRecorded,
    fact.ContextAssembled,
    fact.TurnCommitted,
    fact.CompactionStarted,
)
"""The events that say in which session the engine is from then on."""


def stand(standing: Standing, event: fact.Event) -> Standing:
    """Give where an engine stands after an event. Total: any event can follow any other."""
    at = event.occurred_at
    told_later = isinstance(event, fact.EntriesRecorded) and event.sighted == "transcript"
    session_id = event.session_id if isinstance(event, IN_SESSION) and not told_later else None
    after = replace(
        standing,
        version=standing.version + 1,
        phase=phase_after(standing.phase, event),
        session_id=standing.session_id if session_id is None else session_id,
        first_at=at if standing.first_at is None else min(at, standing.first_at),
        last_at=at,
        latest_at=at if standing.latest_at is None else max(at, standing.latest_at),
    )
    match event:
        case fact.EngineOpened():
            return replace(after, routing_key=event.routing_key)
        case fact.TickDispatched():
            return replace(after, tick_id=standing.tick_id if event.late else event.tick_id)
        case fact.TickSkipped():
            return replace(after, skipped_ticks=standing.skipped_ticks + 1)
        case fact.TickSettled():
            return replace(after, tick_id=None if standing.tick_id == event.tick_id else standing.tick_id)
        case fact.EntriesRecorded():
            entries = max((one.entry for one in event.revisions), default=0)
            return replace(
                after,
                entries=max(entries, standing.entries),
                turn=turn_prompted(standing.turn, event),
                unanswered=first_unanswered(standing.unanswered, event),
            )
        case fact.ContextAssembled():
            return replace(
                after,
                turn=turn_after(standing.turn, event, entries_before_turn(standing.entries, standing.unanswered)),
                contexts=standing.contexts + 1,
                context_entries=event.count,
                context_tokens=event.tokens,
                budget=event.budget,
            )
        case fact.PromptSubmitted():
            return replace(after, submitted=standing.submitted + 1)
        case fact.OverflowReported():
            return replace(after, overflows=standing.overflows + 1, turn=turn_broken(standing.turn))
        case fact.TurnCommitted():
            after = replace(after, turns=standing.turns + 1)
            return after if event.late else replace(after, turn=None, unanswered=None)
        case fact.TurnFailed():
            failed = standing.failed_attempts + 1
            return replace(after, turn=turn_broken(standing.turn), failed_attempts=failed, unanswered=None)
        case fact.CompactionCompleted():
            done = standing.compactions + event.compacted
            return replace(after, compactions=done, turn=turn_resumed(standing.turn, event))
        case fact.CompactionFailed():
            return replace(after, failed_compactions=standing.failed_compactions + 1)
        case fact.SubagentSpawned():
            return replace(after, subagents=standing.subagents + 1)
        case fact.AnomalyNoted():
            return replace(after, anomalies=standing.anomalies + 1)
        case (
            fact.EngineBootstrapped()
            | fact.EngineFellBack()
            | fact.AssemblyFailed()
            | fact.TextsRecorded()
            | fact.CompactionStarted()
            | fact.MaintenanceRecorded()
            | fact.SessionListed()
            | fact.RunReported()
            | fact.SubagentEnded()
            | fact.ContentErased()
            | fact.EngineClosed()
        ):
            return after
        case _:
            assert_never(event)
