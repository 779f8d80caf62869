"""What happens: the events that a command comes to, and the two authorities over them.

`decide` serves commands of our own and is strict: a broken rule is an error, and nothing is written. `observe` takes
facts about engines that run elsewhere, which are never refused for being strange: what happened is written, and an
AnomalyNoted beside it names the rule that it broke.
"""

from typing import assert_never

from msgspec.structs import asdict, replace

from domain import commands as ask
from domain import events as fact
from domain.engine import Engine
from domain.errors import HeartlineError
from domain.keys import kind_of, routing_key_of
from domain.recording import (
    assemble_context,
    complete_compaction,
    record_entries,
    start_compaction,
    submit_prompt,
)
from domain.rules import BrokenRule, broken_rule


class IllegalTransition(HeartlineError):
    """A command that the machine's rules do not allow in the state that the engine is in. Nothing was written."""

    code = "illegal-transition"

    def __init__(self, broken: BrokenRule) -> None:
        super().__init__(
            f"{broken.detail} (rule {broken.rule}). Nothing was written; ask for the engine's state first."
        )
        self.rule = broken.rule


def decide(engine: Engine, command: ask.Command) -> list[fact.Event]:
    """Give the events that a command of our own comes to; none where it was done before.

    Digests must be held by the engine's roster or be among the command's novel ones.

    Raises:
        IllegalTransition: a rule forbids it.
    """
    demand(engine, command)
    return events_of(engine, command)


def demand(engine: Engine, command: ask.Command) -> None:
    """Check a command of our own before it is worked out: no rule looks at more than what it is and what it is about.

    Raises:
        IllegalTransition: a rule forbids it.
    """
    broken = broken_rule(engine, command)
    if broken is not None:
        raise IllegalTransition(broken)


def observe(engine: Engine, command: ask.Command, engine_key: str) -> list[fact.Event]:
    """Give the events that an observed fact comes to. Total: every fact can follow every other.

    An engine that was at work before its recorder began is opened first, which is a conclusion (`reconstructed`).
    """
    opened: list[fact.Event] = []
    if engine.phase == "fresh" and not isinstance(command, ask.OpenEngine):
        opened = [
            fact.EngineOpened(
                occurred_at=command.at,
                evidence="reconstructed",
                routing_key=routing_key_of(engine_key),
                kind=kind_of(engine_key),
                opened_by=type(command).__name__,
            )
        ]
        engine = replace(engine, phase="idle", version=engine.version + 1)
    broken = broken_rule(engine, command)
    happened = events_of(engine, command)
    if broken is not None and happened:
        happened.append(fact.AnomalyNoted(occurred_at=command.at, rule=broken.rule, detail=broken.detail))
    return opened + happened if happened else []


def events_of(engine: Engine, command: ask.Command) -> list[fact.Event]:
    """Give the events that a command comes to, whatever the rules say of it; none where it was done before."""
    at, evidence = command.at, command.evidence
    match command:
        case ask.OpenEngine(routing_key=routing_key, kind=kind, opened_by=by, session_id=session):
            if engine.phase != "fresh":
                return []
            opened = fact.EngineOpened(
                occurred_at=at,
                evidence=evidence,
                routing_key=routing_key,
                kind=kind,
                opened_by=by,
                session_id=session,
            )
            return [opened]
        case ask.BootstrapEngine(session_id=session, imported_entries=count):
            return [
                fact.EngineBootstrapped(
                    occurred_at=at,
                    evidence=evidence,
                    session_id=session,
                    imported_entries=count,
                    transcript=command.transcript,
                )
            ]
        case ask.DispatchTick():
            return _dispatch_tick(engine, command)
        case ask.SkipTick(tick_id=tick, reason=reason, source=source):
            if tick in engine.ticks:
                return []
            return [fact.TickSkipped(occurred_at=at, evidence=evidence, tick_id=tick, reason=reason, source=source)]
        case ask.SettleTick(tick_id=tick, outcome=outcome):
            if tick in engine.settled_ticks:
                return []
            return [fact.TickSettled(occurred_at=at, evidence=evidence, tick_id=tick, outcome=outcome)]
        case ask.RecordEntries():
            return record_entries(engine, command)
        case ask.AssembleContext():
            return assemble_context(engine, command)
        case ask.FailAssembly(session_id=session, reason=reason):
            return [fact.AssemblyFailed(occurred_at=at, evidence=evidence, session_id=session, reason=reason)]
        case ask.SubmitPrompt():
            return submit_prompt(engine, command)
        case ask.ReportOverflow(session_id=session, tokens=tokens, budget=budget):
            return [
                fact.OverflowReported(
                    occurred_at=at, evidence=evidence, session_id=session, tokens=tokens, budget=budget
                )
            ]
        case ask.CommitTurn():
            return _commit_turn(engine, command)
        case ask.FailTurn(session_id=session, reason=reason):
            turn_id = engine.turn.id if engine.turn else command.delivery_id
            return [
                fact.TurnFailed(occurred_at=at, evidence=evidence, turn_id=turn_id, session_id=session, reason=reason)
            ]
        case ask.StartCompaction():
            return start_compaction(engine, command)
        case ask.CompleteCompaction():
            return complete_compaction(engine, command)
        case ask.FailCompaction(session_id=session, reason=reason):
            return [fact.CompactionFailed(occurred_at=at, evidence=evidence, session_id=session, reason=reason)]
        case ask.RecordMaintenance():
            return [
                fact.MaintenanceRecorded(
                    occurred_at=at,
                    evidence=evidence,
                    session_id=command.session_id,
                    changed=command.changed,
                    bytes_freed=command.bytes_freed,
                    rewritten_entries=command.rewritten_entries,
                    reason=command.reason,
                    transcript=command.transcript,
                )
            ]
        case ask.FallBack(session_id=session, engine=other, reason=reason):
            return [
                fact.EngineFellBack(occurred_at=at, evidence=evidence, session_id=session, engine=other, reason=reason)
            ]
        case ask.ListSession():
            return [_told(fact.SessionListed, command)]
        case ask.ReportRun():
            return [_told(fact.RunReported, command)]
        case ask.SpawnSubagent(child_key=child, mode=mode):
            return [fact.SubagentSpawned(occurred_at=at, evidence=evidence, child_key=child, mode=mode)]
        case ask.EndSubagent(reason=reason):
            return [fact.SubagentEnded(occurred_at=at, evidence=evidence, reason=reason)]
        case ask.EraseContent(entry=entry, revision=revision, reason=reason, size=size):
            return [
                fact.ContentErased(
                    occurred_at=at, evidence=evidence, entry=entry, revision=revision, reason=reason, size=size
                )
            ]
        case ask.CloseEngine(reason=reason):
            return [fact.EngineClosed(occurred_at=at, evidence=evidence, reason=reason)]
        case _:
            assert_never(command)


def _told(
    kind: type[fact.SessionListed] | type[fact.RunReported], command: ask.ListSession | ask.ReportRun
) -> fact.Event:
    """Write down what a command tells, field by field."""
    told = asdict(command)
    del told["delivery_id"]
    return kind(occurred_at=told.pop("at"), **told)


def _dispatch_tick(engine: Engine, command: ask.DispatchTick) -> list[fact.Event]:
    if command.tick_id in engine.ticks:
        return []
    return [
        fact.TickDispatched(
            occurred_at=command.at,
            evidence=command.evidence,
            tick_id=command.tick_id,
            session_id=command.session_id,
            engine_key=command.engine_key,
            isolated=command.isolated,
            source=command.source,
            reason=command.reason,
            late=command.late,
        )
    ]


def _commit_turn(engine: Engine, command: ask.CommitTurn) -> list[fact.Event]:
    if command.advancement_key in engine.advancements:
        return []
    late = engine.turn is not None and engine.turn.session_id != command.session_id
    turn = None if late else engine.turn
    return [
        fact.TurnCommitted(
            occurred_at=command.at,
            evidence=command.evidence,
            turn_id=command.turn_id or (turn.id if turn else command.delivery_id),
            session_id=command.session_id,
            attempts=turn.attempts if turn else 1,
            late=late,
            advancement_key=command.advancement_key,
            first_position=command.first_position,
            last_position=command.last_position,
            heartbeat=command.heartbeat,
            transcript=command.transcript,
        )
    ]
