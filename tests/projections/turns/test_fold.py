"""The rows of turns, event by event."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as some
from msgspec import msgpack
from msgspec.structs import replace

from domain.entries import Billed, Revision
from domain.events import CompactionFailed, Event
from projections.machinery.projection import Recorded
from projections.turns.memory import MOST_EARLIER, MOST_SEEN, Remembered
from projections.turns.projection import fold, shown
from projections.turns.row import TurnRow
from projections.turns.turn import MOST_CALLS, MOST_CHARACTERS, MOST_TOKENS, MOST_TOOLS
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
    failed,
    message,
    overflow,
    recorded,
    revision,
    settled,
)

STREAM = UUID(int=1)
KEY = "agent:main:main"


def at(event: Any, seconds: int) -> Any:
    return replace(event, occurred_at=AT + seconds * 1_000_000)


def reply(entry: int, tokens: int | None = None, *tools: str, form: int = 1) -> Revision:
    """An assistant's message that was billed so many tokens in all, one of them written."""
    billed = None if tokens is None else Billed(input=tokens - 1, output=1)
    return replace(revision(message(entry, role="assistant"), entry, form), billed=billed, tools=tools)


def tick(tick_id: str = "tick-1", session_id: str = S1, engine_key: str = KEY) -> Any:
    return replace(dispatched(tick_id, session_id), engine_key=engine_key)


def remembered_of(*events: Event, engine_key: str = KEY, batch: int | None = None) -> tuple[list[TurnRow], Remembered]:
    """The rows by their places, and what is remembered; after every `batch` events as if they were one's last."""
    held: Remembered | None = None
    rows: dict[int, Any] = {}
    for place, event in enumerate(events, 1):
        held, new = fold(held, Recorded(3, place, STREAM, place, "g", engine_key, AT, event))
        rows.update({row.position: row for row in new})  # type: ignore[attr-defined]  # they are rows of turns
        if batch and place % batch == 0:
            rows.update({row.position: row for row in shown(held)})  # type: ignore[attr-defined]  # as above
            held = msgpack.decode(msgpack.encode(held), type=Remembered)
    assert held is not None
    rows.update({row.position: row for row in shown(held)})  # type: ignore[attr-defined]  # as above
    return [rows[place] for place in sorted(rows)], held


def turns_of(*events: Event, engine_key: str = KEY) -> list[TurnRow]:
    return remembered_of(*events, engine_key=engine_key)[0]


def test_a_turn_lasts_from_its_first_context_to_its_commit() -> None:
    (row,) = turns_of(
        OPENED,
        at(assembled(call=4, tokens=100, budget=900), 1),
        at(assembled(call=5, tokens=300, budget=1_000), 2),
        at(assembled(call=6, tokens=200), 3),
        at(committed("logical-7", attempts=1), 4),
    )
    assert (row.partition, row.position, row.stream, row.gateway, row.engine_key) == (3, 2, STREAM, "g", KEY)
    assert (row.routing_key, row.agent, row.session_id, row.turn_id) == (KEY, "main", S1, "logical-7")
    assert (row.outcome, row.attempts, row.first_call, row.last_call) == ("committed", 1, 4, 6)
    assert (row.context_tokens_start, row.context_tokens_peak, row.assembled_tokens) == (100, 300, 200)
    assert row.budget == 1_000
    assert (row.started_at, row.ended_at) == (AT + 1_000_000, AT + 4_000_000)
    assert (row.billed_tokens, row.tools, row.tick_id, row.heartbeat) == (None, (), None, None)


def test_the_routing_key_is_what_the_stream_was_opened_with() -> None:
    opened = replace(OPENED, routing_key="agent:main:main:heartbeat")
    (row,) = turns_of(opened, assembled(), engine_key="agent:main:custom")
    assert (row.routing_key, row.engine_key) == ("agent:main:main:heartbeat", "agent:main:custom")


def test_a_context_that_its_engine_did_not_estimate_counts_as_our_estimate() -> None:
    (row,) = turns_of(assembled(seen=(message(1), message(2))))
    assert row.context_tokens_start == row.context_tokens_peak == row.assembled_tokens == 20


def test_a_turn_that_nobody_ended_is_open() -> None:
    (row,) = turns_of(OPENED, assembled())
    assert (row.outcome, row.ended_at) == ("open", None)


def test_a_turn_is_abandoned_when_another_begins() -> None:
    for session_id in (S1, S2):
        first, second = turns_of(at(assembled(), 1), at(assembled("turn-2", session_id=session_id, call=2), 5))
        assert (first.outcome, first.ended_at) == ("abandoned", AT + 5_000_000)
        assert second.outcome == "open"


def test_a_failed_turn_that_is_tried_again_goes_on() -> None:
    tried = [assembled(), at(failed(), 2)]
    (row,) = turns_of(*tried)
    assert (row.outcome, row.ended_at) == ("failed", AT + 2_000_000)
    again = at(assembled(call=2, attempt=2), 3)
    (row,) = turns_of(*tried, again)
    assert (row.outcome, row.ended_at, row.attempts, row.last_call) == ("open", None, 2, 2)
    (row,) = turns_of(*tried, again, at(committed(attempts=2), 4))
    assert (row.outcome, row.attempts) == ("committed", 2)


def test_a_failed_turn_stays_failed_when_another_begins() -> None:
    first, _second = turns_of(assembled(), at(failed(), 2), at(assembled("turn-2", call=2), 5))
    assert (first.outcome, first.ended_at) == ("failed", AT + 2_000_000)


def test_an_overflow_that_is_compacted_away_belongs_to_the_turn() -> None:
    events = [assembled(), at(overflow(), 1), compacting(), compacted(), assembled(call=2, attempt=2), committed()]
    for upto, outcome in ((2, "open"), (4, "open"), (5, "open"), (6, "committed")):
        (row,) = turns_of(*events[:upto])
        assert row.outcome == outcome
    (row,) = turns_of(*events)
    assert (row.overflows, row.compactions, row.attempts) == (1, 1, 2)


def test_an_overflow_that_can_not_be_compacted_fails_the_turn() -> None:
    broken_off = CompactionFailed(occurred_at=AT, session_id=S1, reason="error")
    for ending in (compacted(something=False), broken_off):
        (row,) = turns_of(assembled(), overflow(), compacting(), at(ending, 3))
        assert (row.outcome, row.ended_at, row.compactions) == ("failed", AT + 3_000_000, 0)


def test_an_overflow_after_which_another_turn_begins_has_failed_it() -> None:
    first, _second = turns_of(assembled(), at(overflow(), 1), at(assembled("turn-2", call=2), 5))
    assert (first.outcome, first.ended_at) == ("failed", AT + 1_000_000)


def test_a_compaction_between_turns_belongs_to_the_next_unless_it_was_asked_for_by_hand() -> None:
    for trigger, count in (("budget", 1), ("manual", 0)):
        first, second = turns_of(
            assembled(), committed(), compacting(trigger=trigger), compacted(), assembled("turn-2", call=2)
        )
        assert (first.compactions, second.compactions) == (0, count)
    (row,) = turns_of(assembled(), failed(), compacting(trigger="manual"), compacted())
    assert row.compactions == 0


def test_a_late_commit_ends_the_other_sessions_turn() -> None:
    first, second = turns_of(
        assembled(),
        assembled("turn-2", session_id=S2, call=2),
        recorded(reply(1, 50), session_id=S1),
        recorded(reply(2, 70), session_id=S2),
        at(committed("logical-1", session_id=S1, late=True), 9),
    )
    assert (first.outcome, first.turn_id, first.ended_at) == ("committed", "logical-1", AT + 9_000_000)
    assert (first.billed_tokens, second.billed_tokens) == (50, 70)
    assert second.outcome == "open"


def test_a_commit_after_the_other_sessions_turn_ended_still_ends_its_own() -> None:
    first, second = turns_of(
        assembled(),
        assembled("turn-2", session_id=S2, call=2),
        committed("turn-2", session_id=S2),
        committed("turn-1", session_id=S1),
    )
    assert (first.outcome, second.outcome) == ("committed", "committed")


def test_a_commit_without_a_context_is_a_turn_of_its_own() -> None:
    first, second = turns_of(
        recorded(reply(1, 40, "read")),
        at(committed(attempts=1), 3),
        at(committed("turn-2"), 4),
    )
    assert (first.outcome, first.first_call, first.billed_tokens, first.tools) == ("committed", None, 40, ("read",))
    assert (first.position, first.started_at, first.ended_at) == (2, AT + 3_000_000, AT + 3_000_000)
    assert (second.outcome, second.billed_tokens) == ("committed", None)


def test_a_failure_without_a_context_is_a_turn_of_its_own() -> None:
    (row,) = turns_of(OPENED, at(failed(), 3))
    assert (row.outcome, row.ended_at, row.first_call) == ("failed", AT + 3_000_000, None)


def test_what_was_delivered_before_a_turn_is_no_part_of_it() -> None:
    (row,) = turns_of(recorded(reply(1, 40, "read")), assembled(), committed())
    assert (row.billed_tokens, row.tools) == (None, ())


def test_only_the_last_few_turns_of_other_sessions_are_remembered_and_each_keeps_its_row() -> None:
    sessions = [f"s-{n}" for n in range(MOST_EARLIER + 3)]
    events = [assembled(f"t-{n}", session_id=one, call=n + 1) for n, one in enumerate(sessions)]
    rows, held = remembered_of(*events)
    assert len(held.earlier) == MOST_EARLIER
    assert [row.outcome for row in rows] == ["abandoned"] * (len(sessions) - 1) + ["open"]
    rows, _held = remembered_of(*events, committed("late", session_id="s-0", late=True))
    assert [row.turn_id for row in rows if row.outcome == "committed"] == ["late"]
    assert len(rows) == len(sessions) + 1


def test_billed_tokens_are_summed_over_what_assistants_delivered() -> None:
    billed = Billed(input=10, output=20, cache_read=300, cache_write=4_000)
    (row,) = turns_of(
        assembled(),
        recorded(revision(message(1), 1), replace(reply(2), billed=billed), reply(3)),
        recorded(replace(reply(4), billed=billed)),
        committed(),
    )
    figures = (row.billed_input, row.billed_output, row.billed_cache_read, row.billed_cache_write, row.billed_tokens)
    assert figures == (20, 40, 600, 8_000, 8_660)


def test_figures_that_no_database_holds_count_as_the_largest_that_it_does() -> None:
    huge = Billed(input=MOST_TOKENS, output=MOST_TOKENS)
    (row,) = turns_of(assembled(), recorded(*(replace(reply(n), billed=huge) for n in (1, 2))))
    assert (row.billed_input, row.billed_output, row.billed_tokens) == (MOST_TOKENS, MOST_TOKENS, MOST_TOKENS)


def test_a_message_that_is_delivered_again_counts_once_in_whatever_form() -> None:
    (row,) = turns_of(
        assembled(),
        recorded(reply(1, 50, "read"), reply(1, 50, "read", form=2)),
        recorded(reply(1, 60, "read", form=3)),
        recorded(again=((1, 1), (1, 2))),
    )
    assert (row.billed_tokens, row.tools, row.tool_counts) == (50, ("read",), (1,))


def test_a_message_that_was_submitted_before_it_was_delivered_counts_when_it_is() -> None:
    seen = recorded(reply(1, 50, "read"), reply(2, None), sighted="submission", method="submit")
    before: list[Event] = [assembled(), seen]
    assert turns_of(*before)[0].billed_tokens is None
    for delivery in (
        recorded(reply(2, 20, form=2), again=((1, 1),)),
        recorded(reply(2, 20, form=2), again=((1, 1), (1, 1))),
        recorded(reply(1, 50, "read", form=2), reply(1, 50, "read", form=3), reply(2, 20, form=2)),
    ):
        (row,) = turns_of(*before, delivery, recorded(again=((1, 1), (2, 2))), committed())
        assert (row.billed_tokens, row.tool_counts) == (70, (1,))


def test_what_was_merely_seen_is_not_billed() -> None:
    for sighted in ("history", "context", "submission"):
        event = replace(recorded(reply(1, 50)), sighted=sighted)
        (row,) = turns_of(assembled(), event, committed())
        assert row.billed_tokens is None


def test_what_is_remembered_of_messages_is_bounded() -> None:
    many = [recorded(*(reply(n * 50 + m, 5) for m in range(50)), sighted="history") for n in range(10)]
    _rows, held = remembered_of(assembled(), *many)
    assert len(held.seen) == MOST_SEEN
    _rows, held = remembered_of(assembled(), *many, committed())
    assert held.seen == ()


def test_tools_are_named_in_the_order_of_their_first_use_with_counts() -> None:
    result = replace(revision(message(9, role="toolResult"), 9), tools=("grep",))
    (row,) = turns_of(
        assembled(), recorded(reply(1, None, "read", "exec", "read"), result), recorded(reply(2, 1, "exec"))
    )
    assert (row.tools, row.tool_counts) == (("read", "exec"), (2, 2))


def test_so_many_different_tools_are_named_and_no_more() -> None:
    (row,) = turns_of(assembled(), recorded(*(reply(n, None, f"tool-{n}", "tool-1") for n in range(1, 200))))
    assert row.tools == tuple(f"tool-{n}" for n in range(1, MOST_TOOLS + 1))
    assert row.tool_counts == (200, *(1,) * (MOST_TOOLS - 1))


def test_a_turn_belongs_to_the_tick_of_its_session_that_was_dispatched_before_or_during_it() -> None:
    for events in (
        (tick(), assembled()),
        (assembled(), tick()),
        (assembled(), tick(), settled(), committed()),
        (tick(), committed()),
    ):
        (row,) = turns_of(*events)
        assert row.tick_id == "tick-1"


def test_a_turn_belongs_to_no_tick_of_another_session_or_engine_or_of_before() -> None:
    for events in (
        (tick(session_id=S2), assembled()),
        (tick(engine_key="another"), assembled()),
        (tick(), settled(), assembled()),
        (assembled(), failed(), tick()),
    ):
        (row,) = turns_of(*events)
        assert row.tick_id is None


def test_a_turn_is_a_heartbeat_if_the_host_ever_called_it_one() -> None:
    for said, heartbeat in (((None,), None), ((False,), False), ((False, True), True), ((True, False), True)):
        events = [recorded(heartbeat=one) for one in said]
        (row,) = turns_of(assembled(), *events, committed())
        assert row.heartbeat is heartbeat
    (row,) = turns_of(assembled(), replace(compacting(), heartbeat=True), replace(committed(), heartbeat=None))
    assert row.heartbeat is True


EVENTS = some.one_of(
    some.builds(
        assembled,
        some.sampled_from(["turn-1", "turn-2"]),
        session_id=some.sampled_from([S1, S2, "s-3"]),
        call=some.integers(1, 9),
        attempt=some.integers(1, 3),
        tokens=some.none() | some.integers(0, 10),
    ),
    some.builds(
        lambda entry, form, session, sighted: recorded(
            reply(entry, 3, "read", form=form), session_id=session, sighted=sighted
        ),
        some.integers(1, 5),
        some.integers(1, 2),
        some.sampled_from([S1, S2]),
        some.sampled_from(["delivered", "submission"]),
    ),
    some.builds(committed, session_id=some.sampled_from([S1, S2, "s-3"]), late=some.booleans()),
    some.builds(failed, some.sampled_from(["turn-1", "turn-2"]), session_id=some.sampled_from([S1, S2])),
    some.builds(overflow, some.sampled_from([S1, S2])),
    some.builds(compacting, trigger=some.sampled_from(["manual", "budget"])),
    some.builds(compacted, some.sampled_from([S1, S2]), something=some.booleans()),
    some.builds(tick, some.sampled_from(["tick-1", "tick-2"]), some.sampled_from([S1, S2])),
    some.builds(settled, some.sampled_from(["tick-1", "tick-2"])),
)


@given(some.lists(EVENTS, max_size=30), some.integers(1, 5))
def test_any_events_in_any_batches_give_the_same_rows(events: list[Event], batch: int) -> None:
    assert remembered_of(OPENED, *events, batch=batch) == remembered_of(OPENED, *events)


@given(some.lists(EVENTS, max_size=30))
def test_each_commit_is_one_turn_and_each_begun_turn_is_one_row(events: list[Event]) -> None:
    rows = turns_of(OPENED, *events)
    commits = sum(type(event).__name__ == "TurnCommitted" for event in events)
    assert sum(row.outcome == "committed" for row in rows) == commits
    assert sum(row.outcome == "open" for row in rows) <= 1


def test_the_names_of_tools_are_remembered_in_bounded_length() -> None:
    calls = replace(revision(message(1, role="assistant"), 1), tools=("read", *["x" * 100_000] * 9_000))
    seen = recorded(calls, sighted="context", method="assemble")
    remembered: Remembered | None = None
    events: tuple[Event, ...] = (OPENED, seen, assembled(), recorded(again=((1, 1),)), overflow())
    for place, event in enumerate(events, 1):
        remembered, _rows = fold(remembered, Recorded(3, place, STREAM, place, "g", KEY, AT, event))
        assert len(msgpack.encode(remembered)) < MOST_CALLS * MOST_CHARACTERS * 2
    assert remembered is not None
    (row,) = shown(remembered)
    assert isinstance(row, TurnRow)
    assert row.tools == ("read", "x" * MOST_CHARACTERS)
    assert row.tool_counts == (1, MOST_CALLS - 1)
