"""Assembly: the newest whole turns that fit, behind the latest summary; a tool call is never parted from its result."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from domain.assembly import Assembly, ContextTooLarge, Omitted, assemble, epoch_of
from domain.transcript import Segment, Transcript
from tests.domain.naive import naive
from tests.domain.story import STORIES, Recording, Story, reply, result, told, turn, user

BUDGETS = some.integers(0, 200)
PROMPTS = some.integers(0, 20)


def chosen(transcript: Transcript, budget: int, prompt: int = 0) -> Assembly | None:
    try:
        return assemble(transcript, budget, prompt)
    except ContextTooLarge:
        return None


def demanded(transcript: Transcript) -> int:
    """What every context must hold, in tokens."""
    unsettled = [one.tokens for one in transcript.segments() if one.last >= transcript.unsettled]
    return sum(unsettled) + (transcript.summary.tokens if transcript.summary else 0)


@settings(max_examples=150, deadline=None)
@given(story=STORIES, budget=BUDGETS, prompt=PROMPTS)
def test_a_context_never_exceeds_its_budget_and_is_refused_only_where_what_it_must_hold_does(
    story: Story, budget: int, prompt: int
) -> None:
    context = chosen(story.transcript, budget, prompt)
    assert (context is None) == (demanded(story.transcript) + prompt > budget)
    if context is not None:
        assert context.tokens == sum(one.tokens for one in context.items)
        assert context.tokens + prompt <= budget


@settings(max_examples=150, deadline=None)
@given(story=STORIES, budget=BUDGETS)
def test_a_context_is_the_summary_and_the_newest_entries_without_a_gap(story: Story, budget: int) -> None:
    transcript = story.transcript
    context = chosen(transcript, budget)
    if context is None:
        return
    summary = () if transcript.summary is None else (transcript.summary,)
    assert context.items[: len(summary)] == summary
    behind = context.items[len(summary) :]
    first = transcript.last + 1 - len(behind)
    assert behind == transcript.items(first, transcript.last)
    assert first <= transcript.unsettled
    left_out = transcript.items(transcript.first, first - 1)
    assert (context.omitted.entries, context.omitted.tokens) == (len(left_out), sum(one.tokens for one in left_out))


@settings(max_examples=150, deadline=None)
@given(story=STORIES, budget=BUDGETS)
def test_whole_turns_only_and_as_many_as_fit(story: Story, budget: int) -> None:
    transcript = story.transcript
    context = chosen(transcript, budget)
    if context is None:
        return
    segments = list(transcript.segments())
    entries = len(context.items) - (transcript.summary is not None)
    sizes = [sum(one.last + 1 - one.first for one in segments[:count]) for count in range(len(segments) + 1)]
    assert entries in sizes
    taken: list[Segment] = segments[: sizes.index(entries)]
    left: list[Segment] = segments[len(taken) :]
    assert context.omitted.turns == sum(one.turns for one in left)
    if left:
        assert context.tokens + left[0].tokens > budget


@settings(max_examples=150, deadline=None)
@given(story=STORIES, budget=BUDGETS)
def test_a_tool_call_that_is_live_is_never_parted_from_its_result(story: Story, budget: int) -> None:
    context = chosen(story.transcript, budget)
    if context is None:
        return
    written = naive(story.events)
    held = {one.entry for one in context.items}
    for number in written.live:
        call = written.places[number].call
        if call is not None and call >= written.kept:
            assert (written.places[call].entry in held) <= (written.places[number].entry in held)
            assert (written.places[number].entry in held) <= (written.places[call].entry in held)


@settings(max_examples=60, deadline=None)
@given(story=STORIES, budget=BUDGETS)
def test_the_same_is_assembled_as_often_as_it_is_asked_for(story: Story, budget: int) -> None:
    once = chosen(story.transcript, budget)
    assert chosen(story.transcript, budget) == once
    before = len(story.events)
    story.assemble(budget)
    if len(story.events) > before:
        assert chosen(story.transcript, budget) == once


def entries(story: Story, budget: int) -> list[int]:
    return [one.entry for one in assemble(story.transcript, budget).items]


TWO_TURNS = turn(user(), reply()) + turn(user(), reply())


def test_the_newest_turns_that_fit_are_held_in_their_order() -> None:
    assert entries(told(TWO_TURNS), 40) == [1, 2, 3, 4]
    assert entries(told(TWO_TURNS), 39) == [3, 4]
    assert entries(told(TWO_TURNS), 19) == []


def test_no_older_turn_is_held_before_a_newer_one_although_it_would_fit() -> None:
    assert entries(told(turn(user(1), reply(1)), turn(user(30), reply(1)), turn(user(1), reply(1))), 10) == [5, 6]


def test_the_prompt_takes_its_share_of_the_budget() -> None:
    assert [one.entry for one in assemble(told(TWO_TURNS).transcript, 45, prompt_tokens=6).items] == [3, 4]


def test_what_is_left_out_is_counted() -> None:
    assert assemble(told(TWO_TURNS).transcript, 25).omitted == Omitted(turns=1, entries=2, tokens=20)


def test_the_latest_summary_comes_first_whatever_its_number() -> None:
    story = told(TWO_TURNS)
    story.compact(23)
    assert entries(story, 100) == [5, 3, 4]
    assert entries(story, 3) == [5]


def test_a_turn_with_a_late_result_is_left_out_together_with_the_turn_of_its_call() -> None:
    story = told(turn(user(), reply(10, "call1")), turn(user(), result("call1"), reply()), turn(user(), reply()))
    assert entries(story, 60) == [6, 7]
    assert entries(story, 70) == [1, 2, 3, 4, 5, 6, 7]


def test_the_open_turn_is_held_or_the_context_is_refused_and_says_by_how_much() -> None:
    story = told(TWO_TURNS, Recording((user(),)), "assemble", Recording((reply(10, "call1"), result("call1", 25))))
    assert entries(story, 45) == [5, 6, 7]
    with pytest.raises(ContextTooLarge, match="take 45 tokens, 1 more than the budget of 44") as refused:
        assemble(story.transcript, 44)
    assert (refused.value.needed, refused.value.budget, refused.value.code) == (45, 44, "budget-exceeded")


def test_a_users_message_that_waits_for_its_answer_is_never_left_out() -> None:
    with pytest.raises(ContextTooLarge):
        assemble(told(TWO_TURNS, Recording((user(10),))).transcript, 9)


def test_an_epoch_changes_with_the_key_and_each_compaction_and_with_nothing_else() -> None:
    epochs = {
        epoch_of(gateway, key, count) for gateway in ("g", "h") for key in ("k", "k2") for count in (0, 1, 2, 300)
    }
    assert len(epochs) == 16
    assert epoch_of("g", "agent:main:main", 0) == "7400ac045a937497"
