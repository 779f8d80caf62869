"""What a context's tokens go to: the rules of `domain.sizes`, told by streams."""

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from msgspec import json

from domain import commands as ask
from domain import events as fact
from domain.context import restore
from domain.decider import observe
from domain.engine import FRESH, Engine, fold
from domain.entries import Identity, Seen
from domain.sizes import Sizes
from tests.domain import asks
from tests.domain.anything import WORK
from tests.domain.facts import AT, OPENED, S1, S2, digest_at, text
from tests.domain.scenario import ENGINE_KEY


def said(role: str, tokens: int, *, named: str | None = None, summary: bool = False) -> Seen:
    """A message that is known by its role and its tokens, or by its name."""
    identity = Identity(role, 1_788_856_900_000, named or str(tokens))
    return Seen(identity, digest_at(f"{role} {tokens}"), 40, tokens, summary=summary)


ASKED, CALL, RESULT, REPLY = said("user", 1), said("assistant", 2), said("toolResult", 4), said("assistant", 8)
NEXT, NEXT_CALL, NEXT_RESULT = said("user", 16), said("assistant", 32), said("toolResult", 64)
TURN = (ASKED, CALL, RESULT, REPLY)


def after(*commands: ask.Command) -> Engine:
    engine = fold([OPENED])
    for command in commands:
        engine = fold(observe(engine, command, ENGINE_KEY), engine)
    return engine


def sizes(engine: Engine, command: ask.Command) -> Sizes | None:
    happened = observe(engine, command, ENGINE_KEY)
    return next(one.sizes for one in happened if isinstance(one, fact.ContextAssembled | fact.PromptSubmitted))


def test_what_precedes_a_turn_is_history() -> None:
    engine = after(asks.recording(*TURN))
    assert sizes(engine, asks.assembling(*TURN, prompt=text("go on"))) == Sizes(history=15, summary=0, this_turn=0)


def test_a_context_without_entries_has_no_tokens_of_any_source() -> None:
    assert sizes(after(), asks.assembling()) == Sizes(0, 0, 0)


BEHIND = pytest.mark.parametrize(
    ("turn", "tokens"),
    [((NEXT,), 16), ((NEXT, NEXT_CALL, NEXT_RESULT), 112), ((NEXT, NEXT_CALL, NEXT_RESULT, NEXT_RESULT), 176)],
    ids=["its prompt", "a tool's result", "one result twice"],
)


@BEHIND
def test_what_was_delivered_since_a_turn_was_opened_belongs_to_it(turn: tuple[Seen, ...], tokens: int) -> None:
    engine = after(asks.recording(*TURN), asks.assembling(*TURN), asks.recording(*turn))
    assert sizes(engine, asks.assembling(*TURN, *turn)) == Sizes(history=15, summary=0, this_turn=tokens)


@BEHIND
def test_of_a_submitted_context_what_stands_behind_the_last_reply_belongs_to_its_turn(
    turn: tuple[Seen, ...], tokens: int
) -> None:
    expected = Sizes(history=15, summary=0, this_turn=tokens)
    submitted = asks.submitting(*TURN, *turn)
    opened = (asks.recording(*TURN), asks.assembling(*TURN))
    assert sizes(after(), submitted) == expected
    assert sizes(after(*opened), submitted) == expected
    assert sizes(after(*opened, asks.recording(*turn, REPLY), asks.committing()), submitted) == expected


def test_a_users_message_that_waited_for_its_turn_belongs_to_it() -> None:
    engine = after(asks.recording(*TURN), asks.recording(NEXT))
    assert sizes(engine, asks.assembling(*TURN, NEXT)) == Sizes(history=15, summary=0, this_turn=16)
    again = after(asks.recording(*TURN), asks.recording(NEXT), asks.assembling(*TURN, NEXT), asks.recording(NEXT_CALL))
    assert sizes(again, asks.assembling(*TURN, NEXT, NEXT_CALL)) == Sizes(history=15, summary=0, this_turn=48)


@pytest.mark.parametrize(
    "before",
    [
        (asks.recording(*TURN, history=(NEXT,)),),
        (asks.recording(*TURN), asks.recording(NEXT), asks.recording(REPLY, said("assistant", 9))),
        (asks.recording(*TURN), asks.assembling(*TURN), asks.recording(NEXT), asks.failing(), asks.committing()),
    ],
    ids=["handed over as history", "answered", "of a turn that ended"],
)
def test_a_users_message_that_nobody_waits_for_is_history(before: tuple[ask.Command, ...]) -> None:
    assert sizes(after(*before), asks.assembling(*TURN, NEXT)) == Sizes(history=31, summary=0, this_turn=0)


def test_what_a_stream_had_never_met_before_the_first_context_of_a_turn_is_history() -> None:
    assert sizes(after(), asks.assembling(*TURN, NEXT)) == Sizes(history=31, summary=0, this_turn=0)


def test_a_reply_that_was_not_accepted_belongs_to_the_turn_that_is_still_open() -> None:
    engine = after(asks.recording(*TURN), asks.assembling(*TURN), asks.recording(NEXT, NEXT_CALL))
    expected = Sizes(history=15, summary=0, this_turn=48)
    assert sizes(engine, asks.assembling(*TURN, NEXT, NEXT_CALL)) == expected
    retry = fold(observe(engine, asks.failing(), ENGINE_KEY), engine)
    assert sizes(retry, asks.assembling(*TURN, NEXT, NEXT_CALL)) == expected
    other_session = asks.assembling(*TURN, NEXT, NEXT_CALL, session_id=S2)
    assert sizes(engine, other_session) == Sizes(history=63, summary=0, this_turn=0)


@pytest.mark.parametrize(
    "summary",
    [said("summary", 256), said("compactionSummary", 256), said("user", 256, summary=True)],
    ids=["our role", "the host's role", "a form of the host's"],
)
def test_a_message_that_stands_in_place_of_older_ones_is_summary_wherever_it_stands(summary: Seen) -> None:
    assert sizes(after(), asks.submitting(summary, REPLY, NEXT)) == Sizes(history=8, summary=256, this_turn=16)
    assert sizes(after(), asks.submitting(REPLY, summary, NEXT)) == Sizes(history=8, summary=256, this_turn=16)
    assert sizes(after(), asks.submitting(summary, summary)) == Sizes(history=0, summary=512, this_turn=0)
    waiting = after(asks.recording(NEXT))
    assert sizes(waiting, asks.assembling(summary, NEXT)) == Sizes(history=0, summary=256, this_turn=16)
    during = after(asks.assembling(REPLY))
    assert sizes(during, asks.assembling(REPLY, summary)) == Sizes(history=8, summary=256, this_turn=0)


def test_what_a_compaction_of_our_own_delivers_is_summary_whatever_its_role() -> None:
    message = said("user", 256)
    done = ask.CompleteCompaction(at=AT, session_id=S1, compacted=True, message=message)
    engine = after(asks.recording(*TURN), asks.compaction(), done)
    assert sizes(engine, asks.assembling(message, NEXT)) == Sizes(history=16, summary=256, this_turn=0)


def test_tokens_are_those_of_the_revision_that_the_context_holds() -> None:
    short, long = said("toolResult", 5, named="call1"), said("toolResult", 500, named="call1")
    engine = after(asks.recording(short, long))
    assert len(engine.roster) == 1
    for held in (short, long):
        context = asks.assembling(held, REPLY)
        assert sizes(engine, context) == Sizes(history=held.tokens + 8, summary=0, this_turn=0)


def test_system_and_tools_are_on_record_where_the_source_says_them() -> None:
    submitted = ask.SubmitPrompt(at=AT, session_id=S1, digests=(NEXT.digest,), novel=(NEXT,), system=900, tools=0)
    assert sizes(after(), submitted) == Sizes(history=0, summary=0, this_turn=16, system=900, tools=0)
    assert sizes(after(), asks.submitting(NEXT)) == Sizes(history=0, summary=0, this_turn=16)


@settings(max_examples=120, deadline=None)
@any_of(commands=WORK)
def test_the_sources_of_a_context_are_all_that_it_holds(commands: list[ask.Command]) -> None:
    engine = FRESH
    for command in commands:
        before, happened = engine, observe(engine, command, ENGINE_KEY)
        engine = fold(happened, engine)
        for event in happened:
            if not isinstance(event, fact.ContextAssembled | fact.PromptSubmitted):
                continue
            chain = before.assembled if isinstance(event, fact.ContextAssembled) else before.submitted
            context = restore(event.delta, chain.base())
            weights = engine.roster.weights.all_of(engine.roster.digests.all_of(context))
            held = event.sizes
            assert held is not None
            assert held.history + held.summary + held.this_turn == sum(one.tokens for one in weights)
            assert min(held.history, held.summary, held.this_turn) >= 0


ADDED = ("sizes", "transcript", "source")
"""What events had not, in versions before."""


@settings(max_examples=70, deadline=None)
@any_of(commands=WORK)
def test_streams_that_were_written_before_there_were_sizes_come_to_the_same_state(commands: list[ask.Command]) -> None:
    engine = before = FRESH
    for command in commands:
        for event in observe(engine, command, ENGINE_KEY):
            payload = json.decode(fact.encode(event), type=dict[str, object])
            older = fact.decode(json.encode({name: held for name, held in payload.items() if name not in ADDED}))
            engine, before = fold([event], engine), fold([older], before)
    assert before == engine
