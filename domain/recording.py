"""The events of what brings messages or texts: whatever of these is new is recorded first, then what came with it."""

from collections.abc import Sequence

from msgspec.structs import replace

from domain import commands as ask
from domain import events as fact
from domain.context import digest_of
from domain.engine import Engine, entries_before_turn
from domain.entries import COMPACT, Revision, Roster, Seen
from domain.sizes import sizes_of_assembled, sizes_of_submitted


def record_entries(engine: Engine, command: ask.RecordEntries) -> list[fact.Event]:
    """Give the events of entries that are delivered or kept in a transcript, and of novel ones handed over as old."""
    events: list[fact.Event] = []
    roster = _met(engine.roster, command, "history", command.session_id, command.method, command.history, events)
    transcript = command.sighted == "transcript"
    revisions = tuple(_repeat(engine, one) for one in roster.number(command.novel, transcript=transcript))
    new = {one.digest for one in revisions}
    again = tuple(roster.references[one] for one in command.digests if one.hex() not in new)
    events.append(
        fact.EntriesRecorded(
            occurred_at=command.at,
            evidence=_graded(command.evidence, revisions),
            session_id=command.session_id,
            sighted=command.sighted,
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


def assemble_context(engine: Engine, command: ask.AssembleContext) -> list[fact.Event]:
    """Give the events of a context that is assembled, for the turn that the engine is in or for one that it opens."""
    events: list[fact.Event] = []
    session = command.session_id
    roster = _met(engine.roster, command, "history", session, "assemble", command.novel_history, events)
    roster = _met(roster, command, "context", session, "assemble", command.novel, events)
    roster = _texts(roster, command, session, (command.prompt,), events)
    prompt = roster.references[command.prompt.digest].revision if command.prompt else None
    turn = engine.turn
    same = turn is not None and turn.session_id == session and (turn.resumed or prompt in (None, turn.prompt))
    history, digest = command.history, digest_of(command.digests).hex()
    context = roster.references.all_of(command.digests)
    before = turn.entries_before if turn and same else entries_before_turn(len(roster), engine.unanswered)
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
            delta=engine.assembled.next_delta(context),
            tokens=command.tokens,
            budget=command.budget,
            model=command.model,
            prompt=prompt,
            history_count=None if history is None else len(history),
            history_digest=None if history is None else _digest_again(history, command.digests, digest),
            sizes=sizes_of_assembled(roster.weights.all_of(command.digests), context, before),
        )
    )
    return events


def _digest_again(digests: Sequence[bytes], known: Sequence[bytes], digest: str) -> str:
    """Digest a context, where most often it is the one whose digest is known."""
    return digest if digests == known else digest_of(digests).hex()


def submit_prompt(engine: Engine, command: ask.SubmitPrompt) -> list[fact.Event]:
    """Give the events of a context that is submitted, which may be told of long after its turn."""
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
            sizes=sizes_of_submitted(roster.weights.all_of(command.digests), command.system, command.tools),
        )
    )
    return events


def start_compaction(engine: Engine, command: ask.StartCompaction) -> list[fact.Event]:
    """Give the events of a compaction that is asked for."""
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
            transcript=command.transcript,
        )
    )
    return events


def complete_compaction(engine: Engine, command: ask.CompleteCompaction) -> list[fact.Event]:
    """Give the events of a compaction that ended, with its summary as a text and, if it is our own, as an entry."""
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
            evidence=_graded(command.evidence, revisions),
            session_id=session_id,
            sighted=sighted,
            method=method,
            revisions=revisions,
        )
    )
    return roster.holding(revisions, summary=method == COMPACT)


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
            occurred_at=command.at,
            evidence=_graded(command.evidence, revisions),
            session_id=session_id,
            revisions=revisions,
        )
    )
    return roster.holding(revisions)


def _graded(evidence: fact.Evidence, revisions: Sequence[Revision]) -> fact.Evidence:
    """Grade an event that records byte forms of which some are not kept as they were. What is known by less than having
    been recorded stays what it is: each form says by itself what is kept of it.
    """
    return "redacted" if evidence == "recorded" and any(one.kept is not None for one in revisions) else evidence
