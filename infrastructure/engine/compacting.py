"""A compaction of our own: what it replaces, the summary that takes its place, and both as commands."""

from collections.abc import Iterator, Sequence

from msgspec import json

from domain import commands as ask
from domain.commands import Command
from domain.compaction import Plan, default_target, plan, summary_room
from domain.decider import demand
from domain.entries import Identity, Seen, estimated_tokens
from domain.summary import ASSISTANT, Spoken, extractive_summary
from domain.transcript import USER, Item, Transcript
from infrastructure.engine.messages import met_text
from infrastructure.engine.requests import CompactRequest
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.lossless import text_of
from infrastructure.openclaw.messages import decode_message, message_text
from infrastructure.recorder.contents import Described
from infrastructure.recorder.engines import Loaded

OVERFLOW = "overflow"
"""The trigger after which something must be replaced, whatever our estimate says."""

SUMMARY = "summary"
"""The role of the entry as which a summary stands in contexts."""

READ_AT_ONCE = 256
"""How many messages are read for a summary at once."""


def target_of(request: CompactRequest, transcript: Transcript, budget: int | None) -> int:
    """Give how many estimated tokens a compaction is to leave; `budget` is the last context's."""
    return default_target(transcript, budget) if request.target_tokens is None else request.target_tokens


def compaction(request: CompactRequest, at: int, loaded: Loaded, ledger: Ledger) -> Sequence[Command]:
    """Give the commands of a compaction, which are one append.

    Raises:
        IllegalTransition: the engine can't be compacted now.
        BadFirstKept: the entry that is to be kept first can't be.
    """
    engine, transcript, contents = loaded.engine, loaded.transcript, loaded.contents
    named, session = request.delivery_id or "", request.session_id
    there = transcript.tokens + (transcript.summary.tokens if transcript.summary else 0)
    start = ask.StartCompaction(
        at=at,
        delivery_id=named,
        session_id=session,
        trigger=request.trigger,
        forced=request.force,
        tokens=there,
        budget=engine.budget,
        instructions=met_text(request.instructions, contents),
        heartbeat=request.heartbeat,
    )
    demand(engine, start)
    target = target_of(request, transcript, engine.budget)
    given = request.summary
    planned = plan(
        transcript,
        target,
        summary_tokens=None if given is None else estimated_tokens(len(text_of(given))),
        forced=request.force or request.trigger == OVERFLOW,
        first_kept=request.first_kept,
    )
    if isinstance(planned, str):
        needless = ask.CompleteCompaction(
            at=at,
            delivery_id=named,
            session_id=session,
            compacted=False,
            tokens_before=there,
            tokens_after=there,
            reason=planned,
        )
        return [start, needless]
    summary = given or json.encode(_quoted(planned, target, request, ledger))
    message = _message(summary, at, engine.compactions + 1, loaded)
    complete = ask.CompleteCompaction(
        at=at,
        delivery_id=named,
        session_id=session,
        compacted=True,
        summary=met_text(summary, contents),
        message=message,
        kept_from=planned.kept_from,
        tokens_before=planned.tokens_before,
        tokens_after=planned.tokens_after(message.tokens),
    )
    return [start, complete]


def _message(summary: bytes, at: int, number: int, loaded: Loaded) -> Seen:
    """Write the summary as a message of contexts, an entry of its own however often the same is said."""
    moment = at // 1000
    written = b'{"role":"%s","timestamp":%d,"compaction":%d,"content":%s}'
    data = written % (SUMMARY.encode(), moment, number, summary)
    described = Described(Identity(SUMMARY, moment, f"compaction:{number}"), len(text_of(summary)))
    met = loaded.contents.meet([data], lambda _place, _raw: described)
    return met.novel[0]


def _quoted(planned: Plan, target: int, request: CompactRequest, ledger: Ledger) -> str:
    """Make a summary from what the ledger holds of what is replaced."""
    previous = "".join(one.text for one in _spoken([planned.previous] if planned.previous else [], request, ledger))
    said = [one for one in planned.replaced if one.role in (USER, ASSISTANT)]  # results may be of many MB
    return extractive_summary(previous, _spoken(said, request, ledger), summary_room(planned, target))


def _spoken(items: Sequence[Item], request: CompactRequest, ledger: Ledger) -> Iterator[Spoken]:
    """Read messages in order; what was erased or masked says nothing."""
    for start in range(0, len(items), READ_AT_ONCE):
        some = [one.reference for one in items[start : start + READ_AT_ONCE]]
        held = ledger.content(request.gateway, request.stream_key, some)
        for reference, item in zip(some, items[start:], strict=False):
            data = held[reference].original
            if data is not None:
                raw = bytes(data)
                tools = tuple(call.name for call in decode_message(raw).tool_calls)
                yield Spoken(item.role, message_text(raw), tools)
