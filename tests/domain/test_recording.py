"""Entries, texts and contexts: written once, numbered in order, and referred to from then on."""

from domain import events as fact
from domain.context import Splice, Whole, digest_of, runs_of
from domain.entries import Reference, Seen, estimated_tokens
from tests.domain import asks
from tests.domain.facts import (
    AT,
    OPENED,
    S1,
    assembled,
    contents,
    digest_at,
    message,
    recorded,
    revision,
    submitted,
    text,
    told,
)
from tests.domain.scenario import given

ONE, TWO, THREE = message(1), message(2, role="assistant"), message(3, role="toolResult")
BOTH = recorded(revision(ONE, 1), revision(TWO, 2))
PROMPT = text("read the log")


def test_entries_are_numbered_from_one_in_the_order_in_which_they_were_met() -> None:
    given(OPENED).when(asks.recording(ONE, TWO)).then(BOTH)
    given(OPENED, BOTH).when(asks.recording(THREE)).then(recorded(revision(THREE, 3)))


def test_an_entry_that_is_delivered_again_is_referred_to_and_not_written_again() -> None:
    given(OPENED, BOTH).when(asks.recording(TWO, THREE, ONE)).then(recorded(revision(THREE, 3), again=((2, 1), (1, 1))))


def test_another_byte_form_of_an_entry_is_its_next_revision() -> None:
    rewritten = message(1, form=2)
    given(OPENED, BOTH).when(asks.recording(rewritten)).then(recorded(revision(rewritten, 1, 2)))
    third = message(1, form=3)
    given(OPENED, BOTH, recorded(revision(rewritten, 1, 2))).when(asks.recording(third)).then(
        recorded(revision(third, 1, 3))
    )


def test_two_byte_forms_in_one_delivery_are_two_revisions() -> None:
    second = message(3, role="toolResult", form=2)
    given(OPENED, BOTH).when(asks.recording(THREE, second)).then(recorded(revision(THREE, 3), revision(second, 3, 2)))


def test_the_same_bytes_twice_in_one_delivery_are_written_once() -> None:
    given(OPENED).when(asks.recording(ONE, ONE)).then(recorded(revision(ONE, 1)))


def test_messages_of_equal_time_and_role_but_another_id_are_different_entries() -> None:
    twin = message(1, discriminator="another")
    twin = Seen(identity=twin.identity, digest=digest_at("twin"), size=40, tokens=10)
    given(OPENED).when(asks.recording(ONE, twin)).then(recorded(revision(ONE, 1), revision(twin, 2)))


def test_history_that_the_host_hands_over_is_recorded_as_history_before_what_it_delivers() -> None:
    given(OPENED).when(asks.recording(TWO, history=(ONE,))).then(
        recorded(revision(ONE, 1), sighted="history"), recorded(revision(TWO, 2))
    )


def test_the_first_delivered_user_message_is_the_prompt_of_the_turn() -> None:
    turn = given(OPENED, assembled(), BOTH, recorded(revision(message(4), 3))).engine.turn
    assert turn is not None
    assert (turn.prompt_entry, turn.prompt_size) == (1, 40)


def test_history_is_never_the_prompt_of_the_turn() -> None:
    turn = given(OPENED, assembled(), recorded(revision(ONE, 1), sighted="history")).engine.turn
    assert turn is not None
    assert turn.prompt_entry is None


def test_entries_that_a_context_holds_but_its_stream_never_recorded_are_recorded_then() -> None:
    given(OPENED, recorded(revision(ONE, 1))).when(asks.assembling(ONE, THREE)).then(
        recorded(revision(THREE, 2), sighted="context", method="assemble"), assembled(seen=(ONE, THREE))
    )


def test_a_context_tells_what_the_host_had_handed_over() -> None:
    happened = given(OPENED).when(asks.assembling(history=(ONE, TWO))).happened
    assert happened[0] == recorded(revision(ONE, 1), revision(TWO, 2), sighted="history", method="assemble")
    context = happened[1]
    assert isinstance(context, fact.ContextAssembled)
    assert context.history_count == 2
    assert context.history_digest == digest_of([ONE.digest, TWO.digest]).hex()


def test_nothing_handed_over_is_not_the_same_as_no_history() -> None:
    unsaid, empty = given(OPENED).when(asks.assembling()).only, given(OPENED).when(asks.assembling(history=())).only
    assert isinstance(unsaid, fact.ContextAssembled)
    assert isinstance(empty, fact.ContextAssembled)
    assert (unsaid.history_count, empty.history_count) == (None, 0)


def test_a_prompt_is_a_text_and_no_entry_and_is_written_once() -> None:
    first = given(OPENED).when(asks.assembling(prompt=PROMPT)).then(told(revision(PROMPT, 0)), assembled(prompt=1))
    assert len(first.engine.roster) == 0
    given(OPENED, *first.happened).when(asks.assembling(prompt=PROMPT)).then(assembled(call=2, prompt=1))


def test_a_context_may_hold_an_entry_twice_and_its_order_is_kept() -> None:
    outcome = given(OPENED, BOTH).when(asks.assembling(TWO, ONE, TWO))
    context = outcome.only
    assert isinstance(context, fact.ContextAssembled)
    assert (context.count, contents(context.delta)) == (3, ((2, 1), (1, 1), (2, 1)))
    assert outcome.engine.assembled.last() == ((2, 1), (1, 1), (2, 1))


def test_a_submitted_context_is_recorded_the_same_way_and_counted_apart() -> None:
    before = (OPENED, assembled(), assembled(call=2))
    outcome = given(*before).when(asks.submitting(ONE, prompt=PROMPT))
    outcome.then(
        recorded(revision(ONE, 1), sighted="submission", method="submit"),
        told(revision(PROMPT, 0)),
        submitted(ONE, number=1, prompt=1),
    )
    assert (outcome.engine.assembled.count, outcome.engine.submitted.count) == (2, 1)


def test_the_state_knows_the_size_and_the_budget_of_the_last_context() -> None:
    engine = given(OPENED, assembled(tokens=900, budget=111_616)).engine
    assert (engine.context_tokens, engine.budget) == (900, 111_616)


def test_erased_content_leaves_its_entry_and_digest_in_the_roster() -> None:
    outcome = given(OPENED, BOTH).when(asks.erasing(1))
    outcome.then(fact.ContentErased(occurred_at=AT, entry=1, revision=1, reason="asked for"))
    assert outcome.engine.roster == given(OPENED, BOTH).engine.roster


def test_a_text_can_be_erased_like_an_entry() -> None:
    given(OPENED, told(revision(PROMPT, 0))).when(asks.erasing(0)).then(
        fact.ContentErased(occurred_at=AT, entry=0, revision=1, reason="asked for")
    )


def test_a_large_delta_is_a_splice_into_the_context_that_the_machine_names() -> None:
    many = [message(number) for number in range(1, 41)]
    turned = recorded(*(revision(one, number) for number, one in enumerate(many, 1)))
    backwards = tuple(reversed(many))
    first = assembled(
        seen=backwards, delta=Whole(runs_of([Reference(entry, 1) for entry in range(40, 0, -1)])), session_id=S1
    )
    third = (assembled(call=2, seen=backwards, delta=first.delta),)
    context = given(OPENED, turned, first, *third).when(asks.assembling(*backwards[1:])).only
    assert isinstance(context, fact.ContextAssembled)
    assert (context.call, context.delta) == (3, Splice(base=2, head=0, tail=39, middle=()))


def test_tokens_are_estimated_as_a_quarter_of_the_characters_rounded_up() -> None:
    assert [estimated_tokens(characters) for characters in (0, 1, 4, 5, 8)] == [0, 1, 1, 2, 2]
