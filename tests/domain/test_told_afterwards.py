"""What a host's store tells afterwards, whenever that is: of sessions, runs, ticks and messages."""

import pytest
from msgspec.structs import replace

from domain import commands as ask
from domain import events as fact
from domain.entries import Identity, Seen
from domain.standing import NOWHERE, stand
from tests.domain import asks
from tests.domain.facts import (
    AT,
    OPENED,
    S1,
    S2,
    assembled,
    compacting,
    digest_at,
    dispatched,
    message,
    recorded,
    revision,
)
from tests.domain.scenario import given

HELLO = message(1)
KEPT = replace(asks.recording(HELLO, session_id=S2), method="transcript", sighted="transcript")
LATE = replace(asks.dispatching("tick-1", S2), late=True)


@pytest.mark.parametrize("before", [(assembled(),), (compacting(),)], ids=["in-turn", "compacting"])
def test_a_message_of_a_transcript_leaves_the_turn_and_the_session_of_its_engine_alone(
    before: tuple[fact.Event, ...],
) -> None:
    engine = given(OPENED, *before).engine
    after = given(OPENED, *before).observed(KEPT).engine
    assert [type(one).__name__ for one in given(OPENED, *before).observed(KEPT).happened] == ["EntriesRecorded"]
    assert (after.phase, after.turn, after.session_id, after.sessions, after.unanswered) == (
        engine.phase,
        engine.turn,
        engine.session_id,
        engine.sessions,
        engine.unanswered,
    )


def test_a_message_that_was_delivered_and_is_kept_in_a_transcript_is_one_entry() -> None:
    first = recorded(revision(HELLO, 1))
    again = given(OPENED, first).observed(replace(KEPT, novel=()))
    again.then(
        fact.EntriesRecorded(
            occurred_at=AT, session_id=S2, sighted="transcript", method="transcript", revisions=(), again=((1, 1),)
        )
    )


def test_a_tick_told_of_after_it_ended_is_not_the_tick_that_runs() -> None:
    running = given(OPENED, dispatched("tick-2", S1))
    told = running.observed(LATE)
    assert (told.engine.tick, "tick-1" in told.engine.ticks) == ("tick-2", True)
    settled = given(*running.events, *told.happened).observed(replace(asks.settling("tick-1"), late=True))
    assert settled.happened == [fact.TickSettled(occurred_at=AT, tick_id="tick-1", outcome="ok-token")]
    assert settled.engine.tick == "tick-2"
    standing = NOWHERE
    for event in (*running.events, *told.happened, *settled.happened):
        standing = stand(standing, event)
    assert standing.tick_id == "tick-2"


def test_a_tick_that_is_on_record_is_not_told_of_again() -> None:
    assert given(OPENED, dispatched("tick-1", S2)).observed(LATE).happened == []


def test_what_the_host_lists_of_a_session_and_reports_of_a_run_changes_no_state() -> None:
    before = given(OPENED, assembled())
    listed = ask.ListSession(at=AT, evidence="reconstructed", session_id=S2, current=True, total_tokens=12)
    ran = ask.ReportRun(at=AT, evidence="truncated", run_id="run-1", attempt=2, session_id=S2, trigger="heartbeat")
    told = [*before.observed(listed).happened, *before.observed(ran).happened]
    assert told == [
        fact.SessionListed(occurred_at=AT, evidence="reconstructed", session_id=S2, current=True, total_tokens=12),
        fact.RunReported(
            occurred_at=AT, evidence="truncated", run_id="run-1", attempt=2, session_id=S2, trigger="heartbeat"
        ),
    ]
    after = given(*before.events, *told).engine
    assert replace(after, version=before.engine.version) == before.engine


def _custom(at: int, words: str) -> Seen:
    return replace(
        message(7, role="custom", discriminator=""), identity=Identity("custom", at, ""), digest=digest_at(words)
    )


def _entries(*told: ask.RecordEntries) -> list[tuple[int, int]]:
    """Give the (entry, revision) that each message of these is."""
    scenario = given(OPENED)
    found: list[tuple[int, int]] = []
    for one in told:
        happened = scenario.observed(one).happened
        scenario = given(*scenario.events, *happened)
        found += [
            (revision.entry, revision.revision)
            for event in happened
            if isinstance(event, fact.EntriesRecorded)
            for revision in event.revisions
        ]
    return found


LIVE_1, LIVE_2 = asks.recording(_custom(10_000, "a")), asks.recording(_custom(10_750, "b"))
KEPT_1, KEPT_2 = (
    replace(asks.recording(_custom(at, words)), method="transcript", sighted="transcript")
    for at, words in ((10_004, "c"), (10_751, "d"))
)


@pytest.mark.parametrize(
    ("told", "entries"),
    [
        ((LIVE_1, LIVE_2, KEPT_1, KEPT_2), [(1, 1), (2, 1), (1, 2), (2, 2)]),
        ((KEPT_1, KEPT_2, LIVE_1, LIVE_2), [(1, 1), (2, 1), (1, 2), (2, 2)]),
        ((LIVE_1, KEPT_1, LIVE_2, KEPT_2), [(1, 1), (1, 2), (2, 1), (2, 2)]),
    ],
    ids=["live first", "transcript first", "in turns"],
)
def test_what_got_its_time_from_who_wrote_it_down_is_one_entry_of_a_recording_and_a_transcript(
    told: tuple[ask.RecordEntries, ...], entries: list[tuple[int, int]]
) -> None:
    assert _entries(*told) == entries


def test_what_lies_further_apart_or_is_another_length_is_another_entry() -> None:
    far = replace(asks.recording(_custom(11_001, "e")), sighted="transcript")
    longer = replace(asks.recording(replace(_custom(10_001, "f"), tokens=900)), sighted="transcript")
    assert _entries(LIVE_1, far, longer) == [(1, 1), (2, 1), (3, 1)]
