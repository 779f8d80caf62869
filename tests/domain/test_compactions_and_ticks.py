"""Compactions, and the ticks that lie over the phases of an engine."""

import pytest

from domain import events as fact
from tests.domain import asks
from tests.domain.facts import (
    AT,
    OPENED,
    S1,
    S2,
    assembled,
    compacted,
    compacting,
    dispatched,
    overflow,
    revision,
    settled,
    text,
    told,
)
from tests.domain.scenario import given

INSTRUCTIONS, SUMMARY = text("keep the open questions"), text("we read the log")
COMPACTING = (OPENED, compacting(trigger="manual"))


@pytest.mark.parametrize(
    "before", [(OPENED,), (OPENED, assembled()), (OPENED, assembled(), overflow())], ids=["idle", "in-turn", "overflow"]
)
def test_an_open_engine_can_be_asked_to_compact_in_any_other_phase(before: tuple[fact.Event, ...]) -> None:
    assert (
        given(*before).when(asks.compaction("manual")).then(compacting(trigger="manual")).engine.phase == "compacting"
    )


def test_the_instructions_of_a_compaction_are_recorded_once_as_a_text() -> None:
    started = fact.CompactionStarted(occurred_at=AT, session_id=S1, trigger="manual", instructions=1)
    first = given(OPENED).when(asks.compaction("manual", INSTRUCTIONS))
    first.then(told(revision(INSTRUCTIONS, 0)), started)
    given(OPENED, *first.happened, compacted()).when(asks.compaction("manual", INSTRUCTIONS)).then(started)


def test_a_compaction_ends_idle_with_its_summary_among_the_texts() -> None:
    done = fact.CompactionCompleted(occurred_at=AT, session_id=S1, compacted=True, summary=1)
    engine = (
        given(*COMPACTING).when(asks.compaction_done(summary=SUMMARY)).then(told(revision(SUMMARY, 0)), done).engine
    )
    assert (engine.phase, engine.compactions, len(engine.roster)) == ("idle", 1, 0)


def test_a_compaction_that_had_nothing_to_do_is_no_compaction_in_the_count() -> None:
    engine = given(*COMPACTING).when(asks.compaction_done(compacted=False)).then(compacted(something=False)).engine
    assert (engine.phase, engine.compactions) == ("idle", 0)


def test_a_compaction_that_failed_ends_idle_too() -> None:
    given_up = fact.CompactionFailed(occurred_at=AT, session_id=S1, reason="timed out")
    engine = given(*COMPACTING).when(asks.compaction_given_up()).then(given_up).engine
    assert (engine.phase, engine.compactions, engine.failed_compactions) == ("idle", 0, 1)


def test_a_tick_lies_over_the_phase_while_it_runs() -> None:
    engine = given(OPENED).when(asks.dispatching()).then(dispatched()).engine
    assert (engine.phase, engine.tick) == ("idle", "tick-1")
    engine = given(OPENED, dispatched()).when(asks.settling()).then(settled()).engine
    assert (engine.phase, engine.tick) == ("idle", None)


def test_ticks_follow_each_other_in_one_stream() -> None:
    given(OPENED, dispatched(), settled()).when(asks.dispatching("tick-2", S2)).then(dispatched("tick-2", S2))


def test_a_skipped_tick_is_counted_and_runs_nothing() -> None:
    skipped = fact.TickSkipped(occurred_at=AT, tick_id="tick-1", reason="quiet-hours")
    engine = given(OPENED).when(asks.skipping()).then(skipped).engine
    assert (engine.tick, engine.skipped_ticks, len(engine.ticks)) == (None, 1, 1)
    given(OPENED, skipped).observed(asks.skipping()).then_nothing_happened()


def test_the_same_tick_observed_again_is_not_dispatched_or_settled_again() -> None:
    given(OPENED, dispatched()).observed(asks.dispatching()).then_nothing_happened()
    given(OPENED, dispatched(), settled()).observed(asks.dispatching()).then_nothing_happened()
    given(OPENED, dispatched(), settled()).observed(asks.settling()).then_nothing_happened()


def test_a_tick_that_another_overtook_still_settles() -> None:
    overtaken = given(OPENED, dispatched("tick-1"), dispatched("tick-2", S2))
    outcome = overtaken.observed(asks.settling("tick-1", "sent"))
    assert outcome.happened[0] == settled("tick-1", "sent")
    assert outcome.engine.tick == "tick-2"
    given(*overtaken.events, *outcome.happened).observed(asks.settling("tick-1", "sent")).then_nothing_happened()
    given(*overtaken.events, *outcome.happened).when(asks.settling("tick-2")).then(settled("tick-2"))
