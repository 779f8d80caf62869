"""What happens: the events that a command comes to, and the two authorities over them.

`decide` serves commands of our own and is strict: a broken rule is an error, and nothing is written. `observe` takes
facts about engines that run elsewhere, which are never refused for being strange: what happened is written, and an
AnomalyNoted beside it names the rule that it broke.
"""

from collections.abc import Sequence
from typing import assert_never

from msgspec.structs import replace

from domain import commands as ask
from domain import events as fact
from domain.context import digest_of
from domain.engine import Engine
from domain.entries import COMPACT, Revision, Roster, Seen
from domain.errors import HeartlineError
from domain.keys import kind_of, routing_key_of
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
                fact.EngineBootstrapped(occurred_at=at, evidence=evidence, session_id=session, imported_entries=count)
            ]
        case ask.DispatchTick():
            return _dispatch_tick(engine, command)
        case ask.SkipTick(tick_id=tick, reason=reason):
            return (
                []
                if tick in engine.ticks
                else [fact.TickSkipped(occurred_at=at, evidence=evidence, tick_id=tick, reason=reason)]
            )
        case ask.SettleTick(tick_id=tick, outcome=outcome):
            if tick in engine.settled_ticks:
                return []
            return [fact.TickSettled(occurred_at=at, evidence=evidence, tick_id=tick, outcome=outcome)]
        case ask.RecordEntries():
            return _record_entries(engine, command)
        case ask.AssembleContext():
            return _assemble_context(engine, command)
        case ask.FailAssembly(session_id=session, reason=reason):
            return [fact.AssemblyFailed(occurred_at=at, evidence=evidence, session_id=session, reason=reason)]
        case ask.SubmitPrompt():
            return _submit_prompt(engine, command)
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
            return _start_compaction(engine, command)
        case ask.CompleteCompaction():
            return _complete_compaction(engine, command)
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
                )
            ]
        case ask.FallBack(session_id=session, engine=other, reason=reason):
            return [
                fact.EngineFellBack(occurred_at=at, evidence=evidence, session_id=session, engine=other, reason=reason)
            ]
        case ask.SpawnSubagent(child_key=child, mode=mode):
            return [fact.SubagentSpawned(occurred_at=at, evidence=evidence, child_key=child, mode=mode)]
        case ask.EndSubagent(reason=reason):
            return [fact.SubagentEnded(occurred_at=at, evidence=evidence, reason=reason)]
        case ask.EraseContent(entry=entry, revision=revision, reason=reason):
            return [
                fact.ContentErased(occurred_at=at, evidence=evidence, entry=entry, revision=revision, reason=reason)
            ]
        case ask.CloseEngine(reason=reason):
            return [fact.EngineClosed(occurred_at=at, evidence=evidence, reason=reason)]
        case _:
            assert_never(command)


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
        )
    ]


def _record_entries(engine: Engine, command: ask.RecordEntries) -> list[fact.Event]:
    events: list[fact.Event] = []
    roster = _met(engine.roster, command, "history", command.session_id, command.method, command.history, events)
    revisions = tuple(_repeat(engine, one) for one in roster.number(command.novel))
    new = {one.digest for one in revisions}
    again = tuple(roster.references[one] for one in command.digests if one.hex() not in new)
    events.append(
        fact.EntriesRecorded(
            occurred_at=command.at,
            evidence=command.evidence,
            session_id=command.session_id,
            sighted="delivered",
            method=command.method,
            revisions=revisions,
            again=again,
            heartbeat=command.heartbeat,
        )
    )
    return events


def _repeat(engine: Engine, revision: Revision) -> Revision:
    """Mark the prompt of a retry, which May's host delivers again under a new timestamp: same length, another entry."""
    turn = engine.turn
    again = turn is not None and turn.attempts > 1 and turn.prompt_size == revision.size
    if turn and again and revision.role == "user" and not revision.discriminator and revision.revision == 1:
        return replace(revision, repeats=turn.prompt_entry)
    return revision


def _assemble_context(engine: Engine, command: ask.AssembleContext) -> list[fact.Event]:
    events: list[fact.Event] = []
    session = command.session_id
    roster = _met(engine.roster, command, "history", session, "assemble", command.novel_history, events)
    roster = _met(roster, command, "context", session, "assemble", command.novel, events)
    roster = _texts(roster, command, session, (command.prompt,), events)
    prompt = roster.references[command.prompt.digest].revision if command.prompt else None
    turn = engine.turn
    same = turn is not None and turn.session_id == session and (turn.resumed or prompt in (None, turn.prompt))
    history, digest = command.history, digest_of(command.digests).hex()
    events.append(
        fact.ContextAssembled(
            occurred_at=command.at,
            evidence=command.evidence,
            call=engine.assembled.count + 1,
            session_id=session,
            turn_id=turn.id if turn and same else command.delivery_id,
            attempt=turn.attempts + turn.broken if turn and same else 1,
            count=len(command.digests),
            digest=digest,
            delta=engine.assembled.next_delta(roster.references.all_of(command.digests)),
            tokens=command.tokens,
            budget=command.budget,
            model=command.model,
            prompt=prompt,
            history_count=None if history is None else len(history),
            history_digest=None if history is None else _digest_again(history, command.digests, digest),
        )
    )
    return events


def _digest_again(digests: Sequence[bytes], known: Sequence[bytes], digest: str) -> str:
    """Digest a context, where most often it is the one whose digest is known."""
    return digest if digests == known else digest_of(digests).hex()


def _submit_prompt(engine: Engine, command: ask.SubmitPrompt) -> list[fact.Event]:
    events: list[fact.Event] = []
    session = command.session_id
    roster = _met(engine.roster, command, "submission", session, "submit", command.novel, events)
    roster = _texts(roster, command, session, (command.prompt,), events)
    events.append(
        fact.PromptSubmitted(
            occurred_at=command.at,
            evidence=command.evidence,
            number=engine.submitted.count + 1,
            session_id=session,
            count=len(command.digests),
            digest=digest_of(command.digests).hex(),
            delta=engine.submitted.next_delta(roster.references.all_of(command.digests)),
            run_id=command.run_id,
            model=command.model,
            prompt=roster.references[command.prompt.digest].revision if command.prompt else None,
            truncated=command.truncated,
        )
    )
    return events


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
        )
    ]


def _start_compaction(engine: Engine, command: ask.StartCompaction) -> list[fact.Event]:
    events: list[fact.Event] = []
    roster = _texts(engine.roster, command, command.session_id, (command.instructions,), events)
    told = command.instructions
    events.append(
        fact.CompactionStarted(
            occurred_at=command.at,
            evidence=command.evidence,
            session_id=command.session_id,
            trigger=command.trigger,
            target=command.target,
            forced=command.forced,
            tokens=command.tokens,
            budget=command.budget,
            instructions=roster.references[told.digest].revision if told else None,
            heartbeat=command.heartbeat,
        )
    )
    return events


def _complete_compaction(engine: Engine, command: ask.CompleteCompaction) -> list[fact.Event]:
    events: list[fact.Event] = []
    session, summary, message = command.session_id, command.summary, command.message
    roster = _texts(engine.roster, command, session, (summary,), events)
    entry = None
    if message is not None:
        roster = _met(roster, command, "delivered", session, COMPACT, (message,), events)
        entry = roster.references[message.digest].entry
    events.append(
        fact.CompactionCompleted(
            occurred_at=command.at,
            evidence=command.evidence,
            session_id=session,
            compacted=command.compacted,
            summary=roster.references[summary.digest].revision if summary else None,
            first_kept=command.first_kept,
            tokens_before=command.tokens_before,
            tokens_after=command.tokens_after,
            reason=command.reason,
            summary_entry=entry,
            kept_from=entry if command.kept_from is None else command.kept_from,
        )
    )
    return events


def _met(
    roster: Roster,
    command: ask.Command,
    sighted: fact.Sighted,
    session_id: str,
    method: str,
    novel: Sequence[Seen],
    events: list[fact.Event],
) -> Roster:
    """Record entries that a command brings besides what it is about: held or handed over, or made by it."""
    revisions = roster.number(novel)
    if not revisions:
        return roster
    events.append(
        fact.EntriesRecorded(
            occurred_at=command.at,
            evidence=command.evidence,
            session_id=session_id,
            sighted=sighted,
            method=method,
            revisions=revisions,
        )
    )
    return roster.holding(revisions)


def _texts(
    roster: Roster,
    command: ask.Command,
    session_id: str,
    texts: Sequence[Seen | None],
    events: list[fact.Event],
) -> Roster:
    revisions = roster.number([text for text in texts if text is not None])
    if not revisions:
        return roster
    events.append(
        fact.TextsRecorded(
            occurred_at=command.at, evidence=command.evidence, session_id=session_id, revisions=revisions
        )
    )
    return roster.holding(revisions)
