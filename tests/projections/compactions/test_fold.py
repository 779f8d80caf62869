"""The rows of compactions, event by event."""

from typing import Any
from uuid import UUID

from hypothesis import given, settings
from msgspec import msgpack
from msgspec.structs import replace

from domain import events as fact
from domain.context import Run, Whole
from domain.events import Event
from domain.sizes import Sizes
from domain.transcript import NOTHING as NO_TRANSCRIPT
from domain.transcript import follow
from projections.compactions.projection import MOST_PENDING, Remembered, fold
from projections.compactions.rows import CompactionRow
from projections.machinery.projection import Recorded
from projections.ranges import MOST_RANGES, count_of, pairs
from tests.domain.facts import (
    AT,
    OPENED,
    S1,
    S2,
    assembled,
    committed,
    compacted,
    compacting,
    dispatched,
    settled,
)
from tests.domain.story import STORIES, Recording, Story, reply, told, turn, user

STREAM = UUID(int=1)
KEY = "agent:main:main"


def folded(*events: Event, engine_key: str = KEY) -> tuple[list[CompactionRow], Remembered | None]:
    """The last row of each compaction, in order, and what is remembered in the end."""
    remembered: Remembered | None = None
    rows: dict[int, Any] = {}
    for place, event in enumerate(events, 1):
        one = Recorded(3, place, STREAM, place, "g", engine_key, AT, event)
        remembered, new = fold(remembered, one)
        for row in new:
            assert isinstance(row, CompactionRow)
            rows[row.number] = row
    return [rows[number] for number in sorted(rows)], remembered


def rows_of(*events: Event, engine_key: str = KEY) -> list[CompactionRow]:
    return folded(*events, engine_key=engine_key)[0]


def held(call: int, *ranges: int, tokens: int | None = None, **fields: Any) -> fact.ContextAssembled:
    runs = tuple(Run(first, last - first + 1, 1) for first, last in zip(ranges[::2], ranges[1::2], strict=True))
    return replace(assembled(call=call, delta=Whole(runs), tokens=tokens), **fields)


def failed(session_id: str = S1) -> fact.CompactionFailed:
    return fact.CompactionFailed(occurred_at=AT, session_id=session_id, reason="no model")


def test_a_compaction_that_has_only_begun_tells_what_was_asked_for() -> None:
    start = replace(compacting(trigger="manual"), target="threshold", forced=True, budget=500, instructions=2)
    (row,) = rows_of(OPENED, held(1, 1, 9, tokens=90), start)
    assert (row.number, row.version, row.position, row.started_at) == (1, 3, 3, AT)
    assert (row.gateway, row.engine_key, row.routing_key, row.agent, row.session_id) == ("g", KEY, KEY, "main", S1)
    assert (row.trigger, row.target, row.forced, row.budget, row.instructions) == ("manual", "threshold", True, 500, 2)
    assert (row.outcome, row.context_before, row.context_tokens_before) == ("started", 1, 90)
    assert (row.ended_at, row.context_after, row.replaced, row.actual_reclaim) == (None, None, None, None)


def test_what_was_reclaimed_by_claims_at_the_ends_of_64_bits_is_within_them_and_can_be_remembered() -> None:
    least, most = -(2**63), 2**63 - 1
    done = replace(compacted(), tokens_before=least, tokens_after=most)
    rows, remembered = folded(OPENED, held(1, 1, 9, tokens=most), compacting(), done)
    assert [row.claimed_reclaim for row in rows] == [-most]
    assert msgpack.decode(msgpack.encode(remembered), type=Remembered) == remembered
    (row,) = rows_of(OPENED, held(1, 1, 9, tokens=most), compacting(), done, held(2, 1, 1, tokens=least))
    assert row.actual_reclaim == most


def test_what_a_compaction_claims_and_what_came_of_it_are_told_apart() -> None:
    done = replace(compacted(), tokens_before=20_000, tokens_after=100, summary=3, first_kept="x", reason="fine")
    events = (held(1, 1, 12, tokens=1_000), compacting(), done)
    (row,) = rows_of(*events)
    assert (row.outcome, row.reason, row.summary, row.first_kept) == ("compacted", "fine", 3, "x")
    assert (row.tokens_before, row.tokens_after, row.claimed_reclaim) == (20_000, 100, 19_900)
    assert (row.ended_at, row.ended_version, row.ended_position) == (AT, 3, 3)
    assert (row.context_after, row.actual_reclaim, row.freed_nothing, row.replaced) == (None, None, None, None)
    (row,) = rows_of(*events, held(2, 13, 13, 9, 12, 9, 9, tokens=400), held(3, tokens=0))
    assert (row.context_after, row.context_tokens_after, row.actual_reclaim, row.freed_nothing) == (2, 400, 600, False)
    assert (row.replaced, row.replaced_entries) == ((1, 8), 8)


def test_a_context_that_holds_nothing_is_none_to_compare_with() -> None:
    """Hosts assemble an empty one for a retry: it says nothing of what was kept."""
    events = (held(1, 1, 9, tokens=1_000), compacting(), compacted(), held(2, tokens=0))
    (row,) = rows_of(*events)
    assert (row.context_after, row.actual_reclaim, row.freed_nothing, row.replaced) == (None, None, None, None)
    (row,) = rows_of(*events, held(3, 8, 10, tokens=400))
    assert (row.context_before, row.context_after, row.actual_reclaim) == (1, 3, 600)
    assert (row.freed_nothing, row.replaced) == (False, (1, 7))
    rows = rows_of(*events, compacting(), compacted(), held(3, 8, 10, tokens=400))
    assert [(row.context_before, row.context_after, row.actual_reclaim) for row in rows] == [(1, 3, 600)] * 2


def test_success_that_frees_less_than_a_tenth_frees_nothing() -> None:
    def freed_nothing(after: int) -> bool | None:
        (row,) = rows_of(held(1, 1, 9, tokens=1_000), compacting(), compacted(), held(2, 1, 1, tokens=after))
        assert row.actual_reclaim == 1_000 - after
        return row.freed_nothing

    assert [freed_nothing(after) for after in (899, 900, 901, 1_000, 1_200)] == [False, False, True, True, True]


def test_nothing_is_freed_by_a_compaction_that_claims_no_success() -> None:
    for end, outcome, reason in (
        (replace(compacted(something=False), reason="small"), "nothing", "small"),
        (failed(), "failed", "no model"),
    ):
        (row,) = rows_of(held(1, 1, 9, tokens=1_000), compacting(), end, held(2, 4, 4, tokens=10))
        assert (row.outcome, row.reason, row.context_before, row.context_after) == (outcome, reason, 1, 2)
        assert (row.claimed_reclaim, row.actual_reclaim, row.freed_nothing) == (None, None, None)
        assert (row.replaced, row.replaced_entries) == ((), 0)


def test_tokens_are_compared_with_their_like() -> None:
    """The engine said how many only once; what we estimate of both contexts is there."""
    sizes = Sizes(history=600, summary=300, this_turn=100, system=9_999)
    small = Sizes(history=0, summary=300, this_turn=100)
    (row,) = rows_of(
        held(1, 1, 9, tokens=7_000, sizes=sizes), compacting(), compacted(), held(2, 1, 9, tokens=None, sizes=small)
    )
    assert (row.context_tokens_before, row.context_tokens_after, row.actual_reclaim) == (1_000, 400, 600)
    (row,) = rows_of(held(1, 1, 9, tokens=7_000, sizes=None), compacting(), compacted(), held(2, 1, 9, sizes=small))
    assert (row.context_tokens_before, row.context_tokens_after) == (7_000, None)
    assert (row.actual_reclaim, row.freed_nothing, row.replaced) == (None, None, ())


def test_what_was_replaced_is_unknown_where_no_context_stands_before() -> None:
    (row,) = rows_of(compacting(), compacted(), held(1, 1, 2, tokens=4))
    assert (row.context_before, row.context_after, row.replaced, row.replaced_entries) == (None, 1, None, None)


def test_what_was_replaced_is_counted_also_where_it_is_scattered_too_much_to_be_told() -> None:
    every_other = [number for entry in range(2, 3 * MOST_RANGES, 2) for number in (entry, entry)]
    kept = every_other[: 2 * MOST_RANGES]
    (row,) = rows_of(held(1, 1, 3 * MOST_RANGES), compacting(), compacted(), held(2, *kept))
    assert (row.replaced, row.replaced_entries) == (None, 2 * MOST_RANGES)
    (row,) = rows_of(held(1, *every_other), compacting(), compacted(), held(2))
    assert (row.replaced, row.replaced_entries) == (None, None)


def test_several_compactions_before_the_next_context_all_come_to_it() -> None:
    first, second, third = rows_of(
        held(1, 1, 9, tokens=90),
        compacting(),
        failed(),
        compacting(),
        compacted(),
        compacting(),
        held(2, 9, 9, tokens=10),
    )
    assert [one.number for one in (first, second, third)] == [1, 2, 3]
    assert [one.context_after for one in (first, second, third)] == [2, 2, None]
    assert (second.actual_reclaim, second.replaced, third.outcome) == (80, (1, 8), "started")


def test_an_end_belongs_to_the_compaction_of_its_session() -> None:
    other, own = rows_of(
        compacting(S2, "manual"), compacting(S1, "budget"), compacted(S1), failed(S2), held(1, tokens=1)
    )
    assert (other.trigger, other.outcome, own.trigger, own.outcome) == ("manual", "failed", "budget", "compacted")


def test_an_end_without_a_beginning_is_a_compaction_of_which_no_more_is_known() -> None:
    (row,) = rows_of(held(1, 1, 3, tokens=30), compacted(S2), held(2, 3, 3, tokens=10))
    assert (row.trigger, row.outcome, row.started_at, row.ended_at) == (None, "compacted", AT, AT)
    assert (row.version, row.actual_reclaim, row.replaced) == (2, 20, (1, 2))


def test_the_turn_is_the_one_that_the_session_is_in_or_whose_attempt_failed() -> None:
    events = (held(1, turn_id="turn-7"), compacting(), compacted(), committed("turn-7"), compacting(), compacted())
    assert [row.turn_position for row in rows_of(*events)] == [1, None]
    assert [row.turn_position for row in rows_of(held(1, turn_id="turn-7"), compacting(S2))] == [None]
    late = committed("turn-6", session_id=S2, late=True)
    assert [row.turn_position for row in rows_of(held(1, turn_id="turn-7"), late, compacting())] == [1]


def test_the_tick_is_the_one_that_runs_or_the_one_that_a_heartbeats_session_is() -> None:
    there = replace(dispatched("tick-9"), engine_key=KEY)
    assert [row.tick_id for row in rows_of(there, compacting(), settled("tick-9"), compacting())] == ["tick-9", None]
    assert [row.tick_id for row in rows_of(dispatched("elsewhere"), compacting(), compacting(S2))] == [None, None]
    route = f"{KEY}:heartbeat"
    assert [row.tick_id for row in rows_of(compacting(), engine_key=f"{KEY}:heartbeat-run:{S1}")] == [f"{route}@{S1}"]
    opened = fact.EngineOpened(occurred_at=AT, routing_key=route, kind="heartbeat", opened_by="open")
    (row,) = rows_of(opened, compacting(), engine_key="shared")
    assert (row.routing_key, row.tick_id) == (route, f"{route}@{S1}")


def test_no_more_is_remembered_however_many_compactions_never_end() -> None:
    rows, remembered = folded(*[compacting() for _more in range(50)], compacted(), held(1, 1, 1))
    assert [row.number for row in rows] == list(range(1, 51))
    assert [row.outcome for row in rows[-2:]] == ["started", "compacted"]
    assert remembered is not None
    assert len(remembered.pending) == MOST_PENDING - 1
    assert msgpack.decode(msgpack.encode(remembered), type=Remembered) == remembered


def replaced_by(story: Story) -> list[list[int]]:
    """What the compactions of an engine of our own replaced, as its transcript has it."""
    transcript, replaced = NO_TRANSCRIPT, list[list[int]]()
    for event in story.events:
        before, transcript = transcript, follow(transcript, event)
        if isinstance(event, fact.CompactionCompleted) and event.compacted:
            gone = [one.entry for one in before.items(before.first, transcript.first - 1)]
            replaced.append(sorted([*gone, *([before.summary.entry] if before.summary else [])]))
    return replaced


@settings(max_examples=200, deadline=None)
@given(STORIES)
def test_of_an_engine_of_our_own_what_its_transcript_gave_up_was_replaced(story: Story) -> None:
    told_of = [row.replaced for row in rows_of(*story.events) if row.outcome == "compacted"]
    assert [
        [entry for first, last in pairs(ranges or ()) for entry in range(first, last + 1)] for ranges in told_of
    ] == replaced_by(story)


def test_each_summary_of_our_own_replaces_the_one_before() -> None:
    story = told(
        turn(user(), reply()), "compact all", turn(user(), reply()), "compact all", turn(user()), "compact all"
    )
    rows = [row for row in rows_of(*story.events) if row.outcome == "compacted"]
    assert [row.replaced for row in rows] == [(1, 2), (3, 5), (6, 7)]
    assert [row.summary_entry for row in rows] == [3, 6, 8]


def test_what_no_context_held_is_replaced_by_a_summary_of_our_own_all_the_same() -> None:
    story = told(Recording((user(), reply())), turn(user(), reply()), Recording((user(), reply())), "compact all")
    contexts = [event for event in story.events if isinstance(event, fact.ContextAssembled)]
    (row,) = rows_of(*story.events)
    assert row.replaced is not None
    assert count_of(row.replaced) == row.replaced_entries == 6 > max(one.count for one in contexts)
