"""The row of a turn."""

from uuid import UUID

from msgspec import Struct

from projections.turns.memory import Remembered
from projections.turns.turn import MOST_TOKENS, Outcome, Turn


class TurnRow(Struct, frozen=True):
    """A turn. Times in µs since the Unix epoch.

    It is known by the event that began it: its first context, or where there is none the event that ended it. Context
    tokens are estimated: of its first context, of the largest, of its last. Billed tokens are as the provider reported
    them. `tick_id` is of a tick that was dispatched in the same stream.
    """

    partition: int
    position: int
    stream: UUID
    gateway: str
    engine_key: str
    routing_key: str
    agent: str | None
    session_id: str
    turn_id: str
    tick_id: str | None
    heartbeat: bool | None
    outcome: Outcome
    attempts: int
    first_call: int | None
    last_call: int | None
    context_tokens_start: int | None
    context_tokens_peak: int | None
    assembled_tokens: int | None
    budget: int | None
    billed_input: int | None
    billed_output: int | None
    billed_cache_read: int | None
    billed_cache_write: int | None
    billed_tokens: int | None
    tools: tuple[str, ...]
    tool_counts: tuple[int, ...]
    overflows: int
    compactions: int
    started_at: int
    ended_at: int | None


def row_of(held: Remembered, turn: Turn, ending: tuple[Outcome, int | None] | None = None) -> TurnRow:
    """Give the row of a turn; `ending` is what it came to and when, where that is not what is remembered of it."""
    outcome, ended_at = ending or turn.ending
    work = turn.work
    taken_in, given_out, read, written = work.billed or (None, None, None, None)
    return TurnRow(
        held.partition,
        turn.position,
        held.stream,
        held.gateway,
        held.engine_key,
        held.routing_key,
        held.agent,
        turn.session_id,
        turn.turn_id,
        turn.tick_id,
        turn.heartbeat,
        outcome,
        turn.attempts,
        turn.first_call,
        turn.last_call,
        turn.first_tokens,
        turn.peak_tokens,
        turn.last_tokens,
        turn.budget,
        taken_in,
        given_out,
        read,
        written,
        None if work.billed is None else min(sum(work.billed), MOST_TOKENS),
        work.tools,
        work.counts,
        work.overflows,
        work.compactions,
        turn.started_at,
        ended_at,
    )
