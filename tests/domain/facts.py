"""The words that the tests of the machine are written in: one engine's ordinary events, messages and commands.

Everything happens at `AT`: no rule of the machine looks at a time.
"""

from hashlib import sha256

from domain import events as fact
from domain.context import Delta, Whole, digest_of, expand, runs_of
from domain.entries import Identity, Reference, Revision, Seen
from domain.keys import Kind
from domain.sizes import Sizes

AT = 1_788_856_922_000_000
"""µs: 2026-09-08T08:42:02Z."""

S1, S2 = "5f3c1b0e-session-1", "a91d77c4-session-2"

OPENED = fact.EngineOpened(occurred_at=AT, routing_key="agent:main:main", kind="main", opened_by="open")


def message(number: int, *, role: str = "user", discriminator: str | None = None, form: int = 1) -> Seen:
    """The byte form `form` of the message with this number, 40 bytes long in every form."""
    known = Identity(role, 1_788_856_900_000 + number, f"id-{number}" if discriminator is None else discriminator)
    return Seen(identity=known, digest=digest_at(f"{number}/{form}"), size=40, tokens=10)


def text(words: str) -> Seen:
    """A text that is no message, as a prompt is."""
    return Seen(identity=Identity("text", None, ""), digest=digest_at(words), size=len(words), tokens=1, text=True)


def digest_at(words: str) -> bytes:
    return sha256(words.encode()).digest()


def revision(seen: Seen, entry: int, number: int = 1, repeats: int | None = None) -> Revision:
    """A message as the event that records it writes it."""
    role, timestamp, discriminator = seen.identity
    return Revision(
        entry=entry,
        revision=number,
        role=role,
        timestamp=timestamp,
        discriminator=discriminator,
        digest=seen.digest.hex(),
        size=seen.size,
        tokens=seen.tokens,
        repeats=repeats,
    )


def recorded(
    *revisions: Revision,
    session_id: str = S1,
    sighted: fact.Sighted = "delivered",
    method: str = "commitTurn",
    again: tuple[tuple[int, int], ...] = (),
    heartbeat: bool | None = None,
) -> fact.EntriesRecorded:
    return fact.EntriesRecorded(
        occurred_at=AT,
        session_id=session_id,
        sighted=sighted,
        method=method,
        revisions=revisions,
        again=again,
        heartbeat=heartbeat,
    )


def told(*texts: Revision, session_id: str = S1) -> fact.TextsRecorded:
    return fact.TextsRecorded(occurred_at=AT, session_id=session_id, revisions=texts)


def assembled(
    turn_id: str = "turn-1",
    *,
    session_id: str = S1,
    call: int = 1,
    attempt: int = 1,
    seen: tuple[Seen, ...] = (),
    delta: Delta | None = None,
    prompt: int | None = None,
    tokens: int | None = None,
    budget: int | None = None,
    sizes: Sizes | None = None,
) -> fact.ContextAssembled:
    """A context of entries 1, 2, … as they are `seen`, each in its first form, unless `delta` says otherwise.

    All are of its turn, as the user's messages are to which nobody has answered, unless `sizes` says otherwise.
    """
    references = [Reference(number, 1) for number in range(1, len(seen) + 1)]
    delta = delta or Whole(runs_of(references))
    return fact.ContextAssembled(
        occurred_at=AT,
        call=call,
        session_id=session_id,
        turn_id=turn_id,
        attempt=attempt,
        count=len(seen),
        digest=digest_of([one.digest for one in seen]).hex(),
        delta=delta,
        prompt=prompt,
        tokens=tokens,
        budget=budget,
        sizes=sizes or _unanswered(seen),
    )


def _unanswered(seen: tuple[Seen, ...]) -> Sizes:
    return Sizes(history=0, summary=0, this_turn=sum(one.tokens for one in seen))


def submitted(*seen: Seen, number: int = 1, session_id: str = S1, prompt: int | None = None) -> fact.PromptSubmitted:
    """The model received entries 1, 2, …, each in its first form; all are of the turn, as in `assembled`."""
    return fact.PromptSubmitted(
        occurred_at=AT,
        number=number,
        session_id=session_id,
        count=len(seen),
        digest=digest_of([one.digest for one in seen]).hex(),
        delta=Whole(runs_of([Reference(entry, 1) for entry in range(1, len(seen) + 1)])),
        prompt=prompt,
        sizes=_unanswered(seen),
    )


def overflow(session_id: str = S1) -> fact.OverflowReported:
    return fact.OverflowReported(occurred_at=AT, session_id=session_id, tokens=124_349, budget=111_616)


def committed(
    turn_id: str = "turn-1",
    *,
    session_id: str = S1,
    attempts: int = 1,
    key: str | None = "advance-1",
    late: bool = False,
) -> fact.TurnCommitted:
    return fact.TurnCommitted(
        occurred_at=AT, turn_id=turn_id, session_id=session_id, attempts=attempts, late=late, advancement_key=key
    )


def failed(turn_id: str = "turn-1", *, session_id: str = S1) -> fact.TurnFailed:
    return fact.TurnFailed(occurred_at=AT, turn_id=turn_id, session_id=session_id, reason="error")


def compacting(session_id: str = S1, trigger: str = "overflow") -> fact.CompactionStarted:
    return fact.CompactionStarted(occurred_at=AT, session_id=session_id, trigger=trigger)


def compacted(session_id: str = S1, *, something: bool = True) -> fact.CompactionCompleted:
    return fact.CompactionCompleted(occurred_at=AT, session_id=session_id, compacted=something)


def dispatched(tick: str = "tick-1", session_id: str = S1) -> fact.TickDispatched:
    return fact.TickDispatched(occurred_at=AT, tick_id=tick, session_id=session_id, engine_key=f"run:{session_id}")


def settled(tick: str = "tick-1", outcome: str = "ok-token") -> fact.TickSettled:
    return fact.TickSettled(occurred_at=AT, tick_id=tick, outcome=outcome)


def closed() -> fact.EngineClosed:
    return fact.EngineClosed(occurred_at=AT, reason="session deleted")


def opened_by(command: str, routing_key: str = "agent:main:main") -> fact.EngineOpened:
    """What a recorder concludes when the first thing that it sees of an engine is this command."""
    kind: Kind = "heartbeat" if routing_key.endswith(":heartbeat") else "main"
    return fact.EngineOpened(
        occurred_at=AT, evidence="reconstructed", routing_key=routing_key, kind=kind, opened_by=command
    )


def contents(delta: Delta) -> tuple[Reference, ...]:
    """The references of a context that was written whole."""
    assert isinstance(delta, Whole)
    return expand(delta.runs)
