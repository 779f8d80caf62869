"""Answers about compactions: what each claimed, what came of it, and how many entries its summary replaced."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from psycopg.rows import class_row

from infrastructure.answers.library import Library
from infrastructure.answers.listing import Listing
from infrastructure.answers.objects import EngineKey, EventId, Gateway, RoutingKey, TickId, Time
from infrastructure.answers.times import rfc3339
from infrastructure.answers.token_usage import Share, share_of
from projections.compactions.rows import Outcome
from projections.ranges import pairs
from projections.sql import statement


class CompactionFound(Struct, frozen=True):
    """A compaction as it is read. Times in µs since the Unix epoch; `at` is when it began."""

    at: int
    partition: int
    position: int
    number: int
    gateway: str
    engine_key: str
    routing_key: str
    agent: str | None
    session_id: str
    tick_id: str | None
    turn_id: str | None
    trigger: str | None
    target: str | None
    forced: bool
    budget: int | None
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
    replaced: list[int] | None
    replaced_entries: int | None
    ended_at: int | None
    ended_version: int | None
    ended_position: int | None


class CompactionAnswer(Struct, frozen=True):
    """A compaction, the `number`-th of its engine. Tokens are estimated.

    `outcome` is `started` (its end is not on record), `compacted`, `nothing` (none was needed) or `failed`; `reason` is
    in the engine's words. `tokens_before`, `tokens_after` and `claimed_reclaim` are what the engine claims. Where it
    claims success, `actual_reclaim` is what the first context after it that holds anything (`context_after`) has less
    than the last such before it (`context_before`), `actual_share` that of the context before, and `freed_nothing` says
    that it is less than a tenth; None where that can't be told yet, or ever.

    `replaced` are the numbers of the entries that its summary replaced, each [first, last]; None where they can't be
    told, or are too many to be listed: `heartline summary` has them all. `first_kept` is the host's name for the first
    entry that was kept; an engine of our own says its number (`kept_from`), and as which entry its contexts hold the
    summary (`summary_entry`).
    """

    gateway: Gateway
    engine_key: EngineKey
    routing_key: RoutingKey
    agent: str | None
    number: int
    tick_id: TickId | None
    session_id: str
    turn_id: str | None
    trigger: str | None
    target: str | None
    forced: bool
    budget: int | None
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
    actual_share: Share | None
    tokens_basis: str
    freed_nothing: bool | None
    replaced_entries: int | None
    replaced: list[tuple[int, int]] | None
    summary_entry: int | None
    kept_from: int | None
    first_kept: str | None
    started_at: Time
    ended_at: Time | None
    event_id: EventId
    ended_event_id: EventId | None


def compaction_answers(_library: Library, rows: Sequence[CompactionFound]) -> list[CompactionAnswer]:
    """Write compactions."""
    return [compaction_answer(row) for row in rows]


def compactions_found(library: Library, query: str, parameters: dict[str, Any]) -> list[CompactionFound]:
    """Read compactions, by the path of a query below `projections/`."""
    with library.ledger.connection.cursor(binary=True, row_factory=class_row(CompactionFound)) as cursor:
        return cursor.execute(statement(query), parameters).fetchall()


def compaction_answer(row: CompactionFound) -> CompactionAnswer:
    """Write a compaction."""
    return CompactionAnswer(
        gateway=row.gateway,
        engine_key=row.engine_key,
        routing_key=row.routing_key,
        agent=row.agent,
        number=row.number,
        tick_id=row.tick_id,
        session_id=row.session_id,
        turn_id=row.turn_id,
        trigger=row.trigger,
        target=row.target,
        forced=row.forced,
        budget=row.budget,
        outcome=row.outcome,
        reason=row.reason,
        tokens_before=row.tokens_before,
        tokens_after=row.tokens_after,
        claimed_reclaim=row.claimed_reclaim,
        context_before=row.context_before,
        context_after=row.context_after,
        context_tokens_before=row.context_tokens_before,
        context_tokens_after=row.context_tokens_after,
        actual_reclaim=row.actual_reclaim,
        actual_share=share_of(row.actual_reclaim, row.context_tokens_before),
        tokens_basis="estimated",
        freed_nothing=row.freed_nothing,
        replaced_entries=row.replaced_entries,
        replaced=None if row.replaced is None else list(pairs(tuple(row.replaced))),
        summary_entry=row.summary_entry,
        kept_from=row.kept_from,
        first_kept=row.first_kept,
        started_at=rfc3339(row.at),
        ended_at=None if row.ended_at is None else rfc3339(row.ended_at),
        event_id=f"{row.partition}-{row.position}",
        ended_event_id=None if row.ended_position is None else f"{row.partition}-{row.ended_position}",
    )


COMPACTIONS = Listing(
    name="compactions",
    command="compactions",
    statement="compactions/list",
    reads=("engines", "compactions", "turns"),
    row=CompactionFound,
    answers=compaction_answers,
    answer=CompactionAnswer,
    columns=(
        *("engine_key", "number", "outcome"),
        *("claimed_reclaim", "actual_reclaim", "freed_nothing", "started_at"),
    ),
    summary="List the compactions: what each claimed, and what came of it.",
    order="A compaction's time is that at which it began.",
)
