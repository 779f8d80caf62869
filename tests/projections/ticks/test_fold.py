"""The rows of ticks, event by event."""

from typing import Any
from uuid import UUID

from msgspec.structs import replace

from domain.events import Event, TickSkipped
from domain.keys import mint_engine_key, stream_id
from projections.machinery.projection import Recorded
from projections.ticks.projection import MOST_OPEN, Remembered, TickRow, fold
from tests.domain.facts import AT, OPENED, S1, S2, dispatched, settled

STREAM = UUID(int=1)
ROUTE = "agent:main:main:heartbeat"
MAIN = "agent:main:main"


def ticks_of(*events: Event, engine_key: str = ROUTE) -> list[TickRow]:
    held: Remembered | None = None
    rows: dict[int, Any] = {}
    for place, event in enumerate(events, 1):
        held, new = fold(held, Recorded(3, place, STREAM, place, "g", engine_key, AT, event))
        rows.update({row.position: row for row in new})  # type: ignore[attr-defined]  # they are rows of ticks
    return [rows[place] for place in sorted(rows)]


def tick(tick_id: str = "tick-1", session_id: str = S1, **said: Any) -> Any:
    return replace(dispatched(tick_id, session_id), **{"engine_key": ROUTE, **said})


def test_a_tick_is_told_of_from_its_dispatch_to_its_settlement() -> None:
    began = tick(engine_key=MAIN, isolated=False, source="cron", reason="due", occurred_at=AT + 1)
    (row,) = ticks_of(began)
    assert (row.partition, row.position, row.stream, row.tick_id, row.gateway) == (3, 1, STREAM, "tick-1", "g")
    assert (row.routing_key, row.agent, row.engine_key, row.session_id) == (ROUTE, "main", MAIN, S1)
    assert row.engine == stream_id("g", MAIN)
    assert (row.isolated, row.source, row.reason) == (False, "cron", "due")
    assert (row.at, row.dispatched_at, row.settled_at, row.outcome, row.skip_reason) == (
        AT + 1,
        AT + 1,
        None,
        None,
        None,
    )
    (done,) = ticks_of(began, replace(settled(outcome="sent"), occurred_at=AT + 9))
    assert done == replace(row, settled_at=AT + 9, outcome="sent")


def test_a_tick_that_was_skipped_has_its_reason_and_no_engine() -> None:
    (row,) = ticks_of(TickSkipped(occurred_at=AT, tick_id="tick-1", reason="quiet-hours", source="interval"))
    assert (row.outcome, row.skip_reason, row.source, row.reason) == ("skipped", "quiet-hours", "interval", None)
    assert (row.engine_key, row.engine, row.session_id, row.dispatched_at, row.settled_at) == (None,) * 5
    assert (row.at, row.routing_key) == (AT, ROUTE)


def test_the_routing_key_is_what_the_stream_was_opened_with() -> None:
    (row,) = ticks_of(replace(OPENED, routing_key=ROUTE), tick(), engine_key="custom")
    assert (row.routing_key, row.agent) == (ROUTE, None)


def test_a_tick_that_is_dispatched_twice_is_told_of_once_as_it_was_first() -> None:
    (row,) = ticks_of(tick(), tick(session_id=S2), settled())
    assert (row.session_id, row.outcome) == (S1, "ok-token")


def test_the_settlement_of_a_tick_that_was_never_dispatched_tells_nothing() -> None:
    assert ticks_of(settled("another")) == []


def test_ticks_are_settled_in_any_order_within_a_bound() -> None:
    names = [f"tick-{n}" for n in range(MOST_OPEN + 1)]
    began = [tick(one, f"s-{one}") for one in names]
    rows = ticks_of(*began, *(settled(one) for one in reversed(names)))
    assert [row.outcome for row in rows] == [None] + ["ok-token"] * MOST_OPEN


def test_two_sessions_under_a_heartbeats_key_show_that_each_tick_has_its_own() -> None:
    assert [row.isolated for row in ticks_of(tick())] == [None]
    for between in ((), (settled(),)):
        rows = ticks_of(tick(), *between, tick("tick-2", S2), tick("tick-3", S2), settled())
        assert [row.isolated for row in rows] == [True, True, True]
        assert rows[0].outcome == "ok-token"


def test_what_the_recorder_says_of_isolation_is_believed() -> None:
    rows = ticks_of(tick(isolated=False), tick("tick-2", S2, isolated=False), tick("tick-3", S2))
    assert [row.isolated for row in rows] == [False, False, True]


def test_several_sessions_under_any_other_key_show_nothing() -> None:
    rows = ticks_of(tick(), tick("tick-2", S2), engine_key=MAIN)
    assert [row.isolated for row in rows] == [None, None]


def test_an_engine_key_that_was_minted_for_a_tick_shows_that_it_is_isolated() -> None:
    (row,) = ticks_of(tick(engine_key=mint_engine_key(ROUTE, S1)))
    assert row.isolated is True
