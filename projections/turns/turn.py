"""A turn that was not committed yet, as the fold remembers it, and what happens to it."""

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from domain.entries import Billed, Revision
from domain.events import ContextAssembled, EntriesRecorded

Outcome = Literal["committed", "failed", "open", "abandoned"]
"""What a turn came to: its reply was accepted; its last attempt failed, or overflowed for good; it goes on; another
turn began while it was open."""

MOST_TOOLS = 64
"""So many different tools of a turn are named, those that it used first."""

MOST_CHARACTERS = 200
"""Of a tool's name; of a longer one the first are told."""

MOST_CALLS = 256
"""So many calls of a message are remembered that was seen and not delivered yet."""

Figures = tuple[int, int, int, int]
"""Billed tokens: input, output, read from the provider's cache, written to it."""


class Work(Struct, frozen=True, array_like=True):
    """What was done in a turn: the tokens that its provider billed (None where none was reported), the tools that it
    used in the order of their first use, each with its count, and how often it overflowed and was compacted.
    """

    billed: Figures | None = None
    tools: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    overflows: int = 0
    compactions: int = 0


MOST_TOKENS = 2**63 - 1
"""What a figure can hold in the database; sources may report anything."""

NO_WORK = Work()
"""What was done in a turn that has just begun."""


class Seen(Struct, frozen=True, array_like=True):
    """An assistant's message that was seen in a session and not delivered yet, with what its first byte form says."""

    session_id: str
    entry: int
    billed: Billed | None
    tools: tuple[str, ...]


class Turn(Struct, frozen=True, array_like=True):
    """A turn that was not committed yet. Times in µs; tokens as the engine estimated them.

    `broken_at` says that its last attempt overflowed or failed, and when; `failed` that it will not go on by itself.
    `left_at` is when another turn began.
    """

    position: int
    session_id: str
    turn_id: str
    started_at: int
    tick_id: str | None = None
    attempts: int = 1
    first_call: int | None = None
    last_call: int | None = None
    first_tokens: int | None = None
    peak_tokens: int | None = None
    last_tokens: int | None = None
    budget: int | None = None
    heartbeat: bool | None = None
    broken_at: int | None = None
    failed: bool = False
    left_at: int | None = None
    work: Work = NO_WORK

    @property
    def ending(self) -> tuple[Outcome, int | None]:
        """What it came to so far, and when it ended."""
        if self.broken_at is not None and (self.failed or self.left_at is not None):
            return "failed", self.broken_at
        return ("open", None) if self.left_at is None else ("abandoned", self.left_at)


def tokens_of(event: ContextAssembled) -> int | None:
    """Give the tokens of a context as its engine estimated them, or as we do where it did not."""
    return event.sizes.held if event.tokens is None and event.sizes is not None else event.tokens


def begun(position: int, event: ContextAssembled, tick_id: str | None, work: Work) -> Turn:
    """Give the turn whose first context this is."""
    tokens = tokens_of(event)
    return Turn(
        position=position,
        session_id=event.session_id,
        turn_id=event.turn_id,
        started_at=event.occurred_at,
        tick_id=tick_id,
        attempts=event.attempt,
        first_call=event.call,
        last_call=event.call,
        first_tokens=tokens,
        peak_tokens=tokens,
        last_tokens=tokens,
        budget=event.budget,
        work=work,
    )


def went_on(turn: Turn, event: ContextAssembled) -> Turn:
    """Give the turn for which another context was assembled; if its last attempt had broken, this is the next one."""
    tokens = tokens_of(event)
    peak = max((one for one in (turn.peak_tokens, tokens) if one is not None), default=None)
    return replace(
        turn,
        attempts=event.attempt,
        last_call=event.call,
        peak_tokens=peak,
        last_tokens=turn.last_tokens if tokens is None else tokens,
        budget=turn.budget if event.budget is None else event.budget,
        broken_at=None,
        failed=False,
    )


def delivered(work: Work, seen: Sequence[Seen], event: EntriesRecorded) -> Work:
    """Count what assistants' messages were billed and which tools they called, each message once.

    A byte form that is its entry's first is new. A later one, and one that is met again, was delivered before, or it
    was merely `seen`.
    """
    counted: set[int] = set()
    for revision in event.revisions:
        if revision.role != "assistant" or revision.entry in counted:
            continue
        if revision.revision == 1:
            work = worked(work, revision.billed, revision.tools)
            counted.add(revision.entry)
        elif (met := _find(seen, revision.entry)) is not None:
            work = worked(work, revision.billed or met.billed, revision.tools or met.tools)
            counted.add(revision.entry)
    if seen:
        for entry, _revision in event.again:
            if entry not in counted and (met := _find(seen, entry)) is not None:
                work = worked(work, met.billed, met.tools)
                counted.add(entry)
    return work


def undelivered(seen: tuple[Seen, ...], event: EntriesRecorded) -> tuple[Seen, ...]:
    """Forget what an event delivers."""
    gone = {entry for entry, _revision in event.again}
    gone.update(one.entry for one in event.revisions)
    left = tuple([one for one in seen if one.entry not in gone])
    return seen if len(left) == len(seen) else left


def newly_seen(session_id: str, revisions: Iterable[Revision]) -> list[Seen]:
    """Give the assistants' messages that an event tells of for the first time."""
    return [
        Seen(session_id, one.entry, one.billed, tuple([tool[:MOST_CHARACTERS] for tool in one.tools[:MOST_CALLS]]))
        for one in revisions
        if one.role == "assistant" and one.revision == 1
    ]


def _find(seen: Sequence[Seen], entry: int) -> Seen | None:
    return next((one for one in seen if one.entry == entry), None)


def worked(work: Work, billed: Billed | None, tools: tuple[str, ...]) -> Work:
    """Count what a message was billed, and the tools that it calls."""
    if billed is not None:
        before = work.billed or (0, 0, 0, 0)
        figures = (
            min(before[0] + billed.input, MOST_TOKENS),
            min(before[1] + billed.output, MOST_TOKENS),
            min(before[2] + billed.cache_read, MOST_TOKENS),
            min(before[3] + billed.cache_write, MOST_TOKENS),
        )
        work = replace(work, billed=figures)
    if not tools:
        return work
    counts = dict(zip(work.tools, work.counts, strict=True))
    for name in tools:
        tool = name[:MOST_CHARACTERS]
        if tool in counts or len(counts) < MOST_TOOLS:
            counts[tool] = counts.get(tool, 0) + 1
    return replace(work, tools=tuple(counts), counts=tuple(counts.values()))
