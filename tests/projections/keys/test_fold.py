"""The periods in which engine keys were with sessions, event by event."""

from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack
from msgspec.structs import replace

from domain.events import EngineBootstrapped, Event, MaintenanceRecorded
from projections.keys.projection import KeyRow, Remembered, fold, shown
from projections.machinery.projection import Recorded
from tests.domain.facts import (
    AT,
    OPENED,
    S1,
    S2,
    assembled,
    closed,
    committed,
    compacted,
    compacting,
    dispatched,
    failed,
    message,
    opened_by,
    overflow,
    recorded,
    revision,
    submitted,
    told,
)

KEY = "agent:main:main"
ENTRY = revision(message(1), 1)


def folded(*events: Event, engine_key: str = KEY) -> tuple[list[KeyRow], Remembered | None]:
    """Fold; give the last row of each period, the newest last, and what is remembered."""
    remembered: Remembered | None = None
    rows: dict[int, Any] = {}
    for place, event in enumerate(events, 1):
        one = Recorded(3, 10 + place, UUID(int=1), place, "g", engine_key, AT, event)
        remembered, new = fold(remembered, one)
        every: list[Any] = [*new, *(shown(remembered) if remembered else ())]
        rows |= {row.position: row for row in every}
    return list(rows.values()), remembered


def periods(*events: Event, engine_key: str = KEY) -> list[KeyRow]:
    return folded(*events, engine_key=engine_key)[0]


def test_a_period_goes_from_a_sessions_first_event_to_its_last() -> None:
    (row,) = periods(
        replace(OPENED, session_id=S1),
        replace(assembled(), occurred_at=AT + 5),
        replace(overflow(), occurred_at=AT + 9),
        replace(committed(), occurred_at=AT + 7),
    )
    assert (row.partition, row.position, row.gateway, row.engine_key) == (3, 11, "g", KEY)
    assert (row.routing_key, row.agent, row.kind, row.session_id) == (KEY, "main", "main", S1)
    assert (row.first_version, row.last_version, row.events) == (1, 4, 4)
    assert (row.first_at, row.last_at) == (AT, AT + 9)


def test_another_session_begins_another_period_and_one_that_comes_back_a_third() -> None:
    rows = periods(OPENED, assembled(), committed(), assembled(session_id=S2), failed(session_id=S2), assembled())
    assert [(row.session_id, row.first_version, row.last_version) for row in rows] == [
        (S1, 2, 3),
        (S2, 4, 5),
        (S1, 6, 6),
    ]


def test_what_names_no_session_of_its_own_stream_begins_and_ends_nothing() -> None:
    rows = periods(
        OPENED, dispatched(session_id=S2), assembled(), dispatched(session_id=S2), told(session_id=S2), closed()
    )
    assert [(row.session_id, row.first_version, row.last_version, row.events) for row in rows] == [(S1, 3, 3, 1)]


def test_a_transcript_is_the_last_that_was_told() -> None:
    bootstrapped = EngineBootstrapped(occurred_at=AT, session_id=S1, transcript="/a.jsonl")
    maintained = MaintenanceRecorded(occurred_at=AT, session_id=S1, changed=False, transcript="/b.jsonl")
    assert [row.transcript for row in periods(OPENED, bootstrapped, assembled())] == ["/a.jsonl"]
    assert [row.transcript for row in periods(OPENED, bootstrapped, maintained, assembled())] == ["/b.jsonl"]
    for event in (compacting(), committed()):
        assert [row.transcript for row in periods(replace(event, transcript="/c.jsonl"))] == ["/c.jsonl"]
    rows = periods(OPENED, bootstrapped, assembled(session_id=S2))
    assert [row.transcript for row in rows] == ["/a.jsonl", None]


def test_a_period_is_a_heartbeat_as_soon_as_any_of_it_is_and_unknown_where_nobody_says() -> None:
    yes, no, unsaid = (recorded(ENTRY, heartbeat=said) for said in (True, False, None))
    assert [row.heartbeat for row in periods(OPENED, unsaid, assembled())] == [None]
    assert [row.heartbeat for row in periods(OPENED, unsaid, no, unsaid)] == [False]
    assert [row.heartbeat for row in periods(OPENED, no, yes, no)] == [True]
    assert [row.heartbeat for row in periods(replace(committed(), heartbeat=True))] == [True]
    assert [row.heartbeat for row in periods(replace(compacting(), heartbeat=False))] == [False]


def test_what_is_submitted_of_another_session_is_told_of_later_and_begins_no_period() -> None:
    seen = recorded(ENTRY, session_id=S1, sighted="submission", method="submission")
    rows = periods(
        OPENED, assembled(), assembled(session_id=S2), seen, submitted(session_id=S1), committed(session_id=S2)
    )
    assert [(row.session_id, row.last_version, row.events) for row in rows] == [(S1, 2, 1), (S2, 6, 2)]


def test_what_is_submitted_tells_the_sessions_where_the_engine_was_never_seen_called() -> None:
    rows = periods(opened_by("SubmitPrompt"), submitted(session_id=S1), submitted(number=2, session_id=S2))
    assert [(row.session_id, row.events) for row in rows] == [(S1, 1), (S2, 1)]
    assert periods(opened_by("SubmitPrompt"), submitted(session_id="")) == []


def test_an_engine_routes_as_it_was_opened_or_else_as_its_key_says() -> None:
    run = "agent:main:main:heartbeat-run:s"
    assert periods(assembled(), engine_key=run)[0].routing_key == "agent:main:main:heartbeat"
    assert periods(assembled(), engine_key=run)[0].kind == "heartbeat-run"
    (row,) = periods(replace(OPENED, routing_key="elsewhere", kind="cron"), assembled(), engine_key=run)
    assert (row.routing_key, row.kind) == ("elsewhere", "cron")


def test_what_is_remembered_stays_small_however_many_sessions_there_were() -> None:
    def size(sessions: int) -> int:
        _rows, remembered = folded(*(assembled(session_id=f"s-{n:05d}") for n in range(sessions)))
        return len(msgpack.encode(remembered))

    assert size(1_000) <= size(1) + 8


@given(st.lists(st.tuples(st.sampled_from([S1, S2, "s-3"]), st.integers(-5, 5)), min_size=1, max_size=30))
def test_periods_cover_all_that_names_a_session_without_overlapping(said: list[tuple[str, int]]) -> None:
    events = [replace(compacted(session), occurred_at=AT + at) for session, at in said]
    rows = periods(*events)
    assert sum(row.events for row in rows) == len(events)
    for before, after in pairwise(rows):
        assert before.session_id != after.session_id
        assert before.last_version + 1 == after.first_version
    for row in rows:
        own = said[row.first_version - 1 : row.last_version]
        assert {session for session, _at in own} == {row.session_id}
        assert (row.first_at, row.last_at) == (AT + own[0][1], AT + max(at for _session, at in own))
