"""The commands that the tests of the machine ask, or observe."""

from domain import commands as ask
from domain.entries import Seen
from tests.domain.facts import AT, S1


def opening(session_id: str | None = None) -> ask.OpenEngine:
    return ask.OpenEngine(at=AT, routing_key="agent:main:main", kind="main", session_id=session_id)


def assembling(
    *seen: Seen,
    delivery: str = "turn-1",
    session_id: str = S1,
    prompt: Seen | None = None,
    history: tuple[Seen, ...] | None = None,
) -> ask.AssembleContext:
    """Every message is handed over as novel; which are is for the roster to say."""
    return ask.AssembleContext(
        at=AT,
        delivery_id=delivery,
        session_id=session_id,
        digests=tuple(one.digest for one in seen),
        novel=seen,
        history=None if history is None else tuple(one.digest for one in history),
        novel_history=history or (),
        prompt=prompt,
    )


def recording(
    *seen: Seen,
    session_id: str = S1,
    method: str = "commitTurn",
    history: tuple[Seen, ...] = (),
    heartbeat: bool | None = None,
) -> ask.RecordEntries:
    return ask.RecordEntries(
        at=AT,
        session_id=session_id,
        method=method,
        digests=tuple(one.digest for one in seen),
        novel=seen,
        history=history,
        heartbeat=heartbeat,
    )


def submitting(*seen: Seen, session_id: str = S1, prompt: Seen | None = None) -> ask.SubmitPrompt:
    return ask.SubmitPrompt(
        at=AT, session_id=session_id, digests=tuple(one.digest for one in seen), novel=seen, prompt=prompt
    )


def committing(
    *, session_id: str = S1, key: str | None = "advance-1", turn_id: str | None = None, delivery: str = "commit-1"
) -> ask.CommitTurn:
    return ask.CommitTurn(at=AT, delivery_id=delivery, session_id=session_id, turn_id=turn_id, advancement_key=key)


def overflowing(session_id: str = S1) -> ask.ReportOverflow:
    return ask.ReportOverflow(at=AT, session_id=session_id, tokens=124_349, budget=111_616)


def failing(session_id: str = S1) -> ask.FailTurn:
    return ask.FailTurn(at=AT, delivery_id="failure-1", session_id=session_id, reason="error")


def giving_none() -> ask.FailAssembly:
    return ask.FailAssembly(at=AT, session_id=S1, reason="threw")


def compaction(trigger: str = "overflow", instructions: Seen | None = None) -> ask.StartCompaction:
    return ask.StartCompaction(at=AT, session_id=S1, trigger=trigger, instructions=instructions)


def compaction_done(*, compacted: bool = True, summary: Seen | None = None) -> ask.CompleteCompaction:
    return ask.CompleteCompaction(at=AT, session_id=S1, compacted=compacted, summary=summary)


def compaction_given_up() -> ask.FailCompaction:
    return ask.FailCompaction(at=AT, session_id=S1, reason="timed out")


def dispatching(tick: str = "tick-1", session_id: str = S1) -> ask.DispatchTick:
    return ask.DispatchTick(at=AT, tick_id=tick, session_id=session_id, engine_key=f"run:{session_id}")


def skipping(tick: str = "tick-1") -> ask.SkipTick:
    return ask.SkipTick(at=AT, tick_id=tick, reason="quiet-hours")


def settling(tick: str = "tick-1", outcome: str = "ok-token") -> ask.SettleTick:
    return ask.SettleTick(at=AT, tick_id=tick, outcome=outcome)


def erasing(entry: int, revision: int = 1) -> ask.EraseContent:
    return ask.EraseContent(at=AT, entry=entry, revision=revision, reason="asked for")


def closing() -> ask.CloseEngine:
    return ask.CloseEngine(at=AT, reason="session deleted")
