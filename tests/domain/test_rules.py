"""Every rule of the machine under both authorities: refused when it is asked, written and noted when it is observed."""

import inspect
import re
from typing import NamedTuple

import pytest

from domain import commands as ask
from domain import events as fact
from domain import rules
from domain.entries import TEXTS
from tests.domain import asks
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
    overflow,
    recorded,
    revision,
    settled,
    text,
    told,
)
from tests.domain.scenario import given


class Breach(NamedTuple):
    """A command that breaks a rule after these events, and what is written when it is observed nevertheless."""

    rule: str
    before: tuple[fact.Event, ...]
    command: ask.Command
    written: tuple[fact.Event, ...]


IN_TURN = (OPENED, assembled())
PROMPTED = (OPENED, told(revision(text("the first"), TEXTS, 1)), assembled(prompt=1))
OVERFLOWED = (*IN_TURN, overflow())
COMPACTING = (*OVERFLOWED, compacting())
CLOSED = (OPENED, closed())
NOTHING_ASSEMBLED = fact.AssemblyFailed(occurred_at=AT, session_id=S1, reason="threw")
GIVEN_UP = fact.CompactionFailed(occurred_at=AT, session_id=S1, reason="timed out")
ERASED = fact.ContentErased(occurred_at=AT, entry=1, revision=2, reason="asked for")
ONE_ENTRY = recorded(revision(message(1), 1))

BREACHES = [
    Breach("engine-opened-twice", (OPENED,), asks.opening(), ()),
    Breach("engine-opened-twice", CLOSED, asks.opening(), ()),
    Breach("engine-closed", CLOSED, asks.giving_none(), (NOTHING_ASSEMBLED,)),
    Breach("engine-closed", CLOSED, asks.closing(), (closed(),)),
    Breach("engine-closed", CLOSED, asks.dispatching(), (dispatched(),)),
    Breach("used-while-compacting", COMPACTING, asks.assembling(), (assembled(call=2, attempt=2),)),
    Breach("used-while-compacting", COMPACTING, asks.recording(), (recorded(),)),
    Breach("used-while-compacting", COMPACTING, asks.committing(), (committed(),)),
    Breach("used-while-compacting", COMPACTING, asks.failing(), (failed(),)),
    Breach("used-while-compacting", COMPACTING, asks.overflowing(), (overflow(),)),
    Breach("used-while-compacting", COMPACTING, asks.giving_none(), (NOTHING_ASSEMBLED,)),
    Breach(
        "session-changed-in-turn",
        IN_TURN,
        asks.assembling(session_id=S2, delivery="turn-2"),
        (assembled("turn-2", session_id=S2, call=2),),
    ),
    Breach(
        "session-changed-in-turn",
        IN_TURN,
        asks.committing(session_id=S2, delivery="turn-0"),
        (committed("turn-0", session_id=S2, late=True),),
    ),
    Breach(
        "turn-abandoned",
        PROMPTED,
        asks.assembling(prompt=text("another"), delivery="turn-2"),
        (told(revision(text("another"), TEXTS, 2)), assembled("turn-2", call=2, prompt=2)),
    ),
    Breach("assembled-while-overflowed", OVERFLOWED, asks.assembling(), (assembled(call=2, attempt=2),)),
    Breach("overflow-without-turn", (OPENED,), asks.overflowing(), (overflow(),)),
    Breach("overflow-without-turn", (*IN_TURN, committed()), asks.overflowing(), (overflow(),)),
    Breach("failed-without-turn", (*IN_TURN, failed()), asks.failing(), (failed(),)),
    Breach("failed-without-turn", (OPENED,), asks.failing(), (failed("failure-1"),)),
    Breach("failed-without-turn", (*IN_TURN, committed()), asks.failing(), (failed("failure-1"),)),
    Breach("committed-without-turn", (OPENED,), asks.committing(), (committed("commit-1"),)),
    Breach("committed-without-turn", (*IN_TURN, failed()), asks.committing(), (committed(),)),
    Breach("committed-without-turn", OVERFLOWED, asks.committing(), (committed(),)),
    Breach("committed-without-turn", (*COMPACTING, compacted()), asks.committing(), (committed(),)),
    Breach("compacting-twice", COMPACTING, asks.compaction(), (compacting(),)),
    Breach("compaction-not-started", (OPENED,), asks.compaction_done(), (compacted(),)),
    Breach("compaction-not-started", (*COMPACTING, compacted()), asks.compaction_done(), (compacted(),)),
    Breach("compaction-not-started", OVERFLOWED, asks.compaction_given_up(), (GIVEN_UP,)),
    Breach("tick-dispatched-twice", (OPENED, dispatched()), asks.dispatching(), ()),
    Breach("tick-dispatched-twice", (OPENED, dispatched(), settled()), asks.dispatching(), ()),
    Breach("tick-dispatched-twice", (OPENED, dispatched()), asks.skipping(), ()),
    Breach("tick-not-settled", (OPENED, dispatched()), asks.dispatching("tick-2", S2), (dispatched("tick-2", S2),)),
    Breach("tick-not-running", (OPENED,), asks.settling(), (settled(),)),
    Breach("tick-not-running", (OPENED, dispatched()), asks.settling("tick-2"), (settled("tick-2"),)),
    Breach("tick-not-running", (OPENED, dispatched(), settled()), asks.settling(), ()),
    Breach("closed-while-busy", IN_TURN, asks.closing(), (closed(),)),
    Breach("closed-while-busy", OVERFLOWED, asks.closing(), (closed(),)),
    Breach("closed-while-busy", COMPACTING, asks.closing(), (closed(),)),
    Breach("no-such-entry", (OPENED, ONE_ENTRY), asks.erasing(1, 2), (ERASED,)),
]


def _named(breach: Breach) -> str:
    return f"{breach.rule}-{type(breach.command).__name__}"


@pytest.mark.parametrize("breach", BREACHES, ids=_named)
def test_a_command_of_our_own_that_breaks_a_rule_is_refused(breach: Breach) -> None:
    given(*breach.before).when(breach.command).then_refused(breach.rule)


@pytest.mark.parametrize("breach", [one for one in BREACHES if one.written], ids=_named)
def test_an_observed_fact_that_breaks_a_rule_is_written_and_the_rule_is_named(breach: Breach) -> None:
    given(*breach.before).observed(breach.command).then_written_as_anomaly(breach.rule, *breach.written)


@pytest.mark.parametrize("breach", [one for one in BREACHES if not one.written], ids=_named)
def test_an_observed_fact_that_was_written_before_is_not_written_again(breach: Breach) -> None:
    given(*breach.before).observed(breach.command).then_nothing_happened()


NEEDS_NO_STATE: list[ask.Command] = [
    asks.assembling(),
    asks.recording(),
    asks.committing(),
    asks.compaction(),
    asks.dispatching(),
    asks.skipping(),
    asks.closing(),
]


@pytest.mark.parametrize("command", NEEDS_NO_STATE, ids=lambda one: type(one).__name__)
def test_an_engine_of_our_own_is_opened_before_anything_else(command: ask.Command) -> None:
    given().when(command).then_refused("engine-not-opened")


def test_every_rule_has_a_breach_here() -> None:
    named = set(re.findall(r'BrokenRule\(\s*"([a-z-]+)"', inspect.getsource(rules)))
    assert named == {breach.rule for breach in BREACHES} | {"engine-not-opened"}


def test_a_refusal_names_its_rule_and_says_that_nothing_was_written() -> None:
    refusal = given(OPENED).when(asks.overflowing()).then_refused("overflow-without-turn").refusal
    assert refusal is not None
    assert refusal.code == "illegal-transition"
    assert "overflow-without-turn" in str(refusal)
    assert "Nothing was written" in str(refusal)


def test_an_anomaly_is_counted_and_leaves_the_rest_of_the_state_alone() -> None:
    plain = given(OPENED, overflow()).engine
    noted = given(OPENED).observed(asks.overflowing()).engine
    assert (noted.anomalies, plain.anomalies) == (1, 0)
    assert (noted.phase, noted.overflows, noted.turn) == (plain.phase, plain.overflows, plain.turn)
