"""The rows of compactions: what is told of one when it begins, when it ends, and once the next context is there."""

from typing import Literal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.events import CompactionCompleted, CompactionFailed, CompactionStarted
from projections.machinery.projection import Recorded
from projections.ranges import MOST_RANGES, Ranges, count_of, without

MOST_TOKENS = 2**63 - 1
"""What a figure can hold, in the database and in what is remembered."""

Outcome = Literal["started", "compacted", "nothing", "failed"]
"""How a compaction ended: `started` where it has not; `nothing` where the engine said that nothing had to be done."""


class CompactionRow(Struct, frozen=True, kw_only=True):
    """A compaction, the `number`-th of its stream. Times in µs since the Unix epoch, tokens as the engine estimates.

    `tokens_before`, `tokens_after` and `claimed_reclaim` are the engine's claim. `context_before` and `context_after`
    are the calls of the assembled contexts around it that hold anything, with their tokens: both as the engine
    estimated them or, where it did not say of both, as we estimate what they hold; `actual_reclaim` is the difference.
    It is told, as `freed_nothing` is (the next context is not at least a tenth smaller), where success was claimed.

    `turn_position` is the place among `turns`, in the same partition, of the turn that it was made in, or whose last
    attempt had failed. `summary` and `instructions` are revisions of the stream's texts. `replaced` are the numbers of
    the entries that the summary replaced, as ranges, ascending; None where that is not known, or they are too many
    ranges.
    """

    partition: int
    stream: UUID
    number: int
    version: int
    position: int
    gateway: str
    engine_key: str
    routing_key: str
    agent: str | None
    session_id: str
    tick_id: str | None
    turn_position: int | None
    trigger: str | None
    target: str | None
    forced: bool
    budget: int | None
    instructions: int | None
    outcome: Outcome
    reason: str | None
    tokens_before: int | None
    tokens_after: int | None
    claimed_reclaim: int | None
    context_before: int | None
    context_after: int | None
    context_tokens_before: int | None
    context_tokens_after: int | None
    actual_reclaim: int | None
    freed_nothing: bool | None
    summary: int | None
    summary_entry: int | None
    kept_from: int | None
    first_kept: str | None
    replaced: Ranges | None
    replaced_entries: int | None
    started_at: int
    ended_at: int | None
    ended_version: int | None
    ended_position: int | None


class Measured(Struct, frozen=True, array_like=True):
    """An assembled context: its call, its tokens as the engine estimated them and as we do, and what it holds."""

    number: int
    tokens: int | None
    estimated: int | None
    ranges: Ranges | None


class Pending(Struct, frozen=True):
    """A compaction of which more is to be told, and the last context that was assembled before it."""

    row: CompactionRow
    before: Measured | None


def begun(row: CompactionRow, event: CompactionStarted) -> CompactionRow:
    """Tell what was asked for."""
    return replace(
        row,
        trigger=event.trigger,
        target=event.target,
        forced=event.forced,
        budget=event.budget,
        instructions=event.instructions,
    )


def ended(
    row: CompactionRow, one: Recorded, event: CompactionCompleted | CompactionFailed, own: Ranges | None
) -> CompactionRow:
    """Tell how it ended. `own` is what a compaction of our own replaced; None for engines that are only observed."""
    row = replace(
        row,
        reason=event.reason,
        ended_at=event.occurred_at,
        ended_version=one.version,
        ended_position=one.position,
    )
    if isinstance(event, CompactionFailed):
        return replace(row, outcome="failed", replaced=(), replaced_entries=0)
    before, after = event.tokens_before, event.tokens_after
    row = replace(
        row,
        outcome="compacted" if event.compacted else "nothing",
        tokens_before=before,
        tokens_after=after,
        summary=event.summary,
        summary_entry=event.summary_entry,
        kept_from=event.kept_from,
        first_kept=event.first_kept,
    )
    if not event.compacted:
        return replace(row, replaced=(), replaced_entries=0)
    claimed = None if before is None or after is None else _difference(before, after)
    return replace(_replacing(row, own), claimed_reclaim=claimed)


def followed_up(pending: Pending, after: Measured) -> CompactionRow:
    """Tell what came of it: `after` is the first context since it ended that holds anything."""
    before, row = pending.before, replace(pending.row, context_after=after.number)
    if before is None or row.outcome != "compacted":
        return row
    row = _reclaimed(row, before, after)
    if row.summary_entry is not None or before.ranges is None or after.ranges is None:
        return row
    return _replacing(row, without(before.ranges, after.ranges))


def _reclaimed(row: CompactionRow, before: Measured, after: Measured) -> CompactionRow:
    one, other = before.tokens, after.tokens
    if one is None or other is None:
        one, other = before.estimated, after.estimated
    if one is None or other is None:
        return row
    return replace(
        row,
        context_tokens_before=one,
        context_tokens_after=other,
        actual_reclaim=_difference(one, other),
        freed_nothing=10 * other > 9 * one,
    )


def _difference(one: int, other: int) -> int:
    """Subtract figures of which sources may claim any of 64 bits: what is remembered holds 64 bits too."""
    return min(max(one - other, -MOST_TOKENS), MOST_TOKENS)


def _replacing(row: CompactionRow, ranges: Ranges | None) -> CompactionRow:
    if ranges is None:
        return row
    kept = ranges if len(ranges) <= 2 * MOST_RANGES else None
    return replace(row, replaced=kept, replaced_entries=count_of(ranges))
