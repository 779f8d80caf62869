"""The live transcript: folded step by step, it is what one would write down."""

from hypothesis import given, settings

from domain import events as fact
from domain.entries import Reference
from domain.growing import LatestMap
from domain.transcript import NOTHING, Item, Segment, fold, follow
from tests.domain.facts import AT, S1, message, recorded, revision
from tests.domain.naive import naive
from tests.domain.story import STORIES, Recording, Said, Story, reply, result, told, turn, user


@settings(max_examples=150, deadline=None)
@given(story=STORIES)
def test_the_fold_is_what_one_would_write_down(story: Story) -> None:
    expected, transcript = naive(story.events), story.transcript
    assert transcript.first - 1 == expected.kept
    live = [expected.places[number] for number in expected.live]
    assert [Item(one.entry, one.revision, one.role, one.tokens) for one in live] == list(
        transcript.items(transcript.first, transcript.last)
    )
    assert transcript.tokens == sum(one.tokens for one in live)
    assert transcript.turns == sum(expected.begins(number) for number in expected.live)
    assert transcript.unsettled - 1 == expected.unsettled
    assert [(one.first - 1, one.last - 1) for one in reversed(list(transcript.segments()))] == [
        (numbers[0], numbers[-1]) for numbers in expected.segments
    ]
    summary = transcript.summary
    assert (summary and (summary.entry, summary.tokens)) == expected.summary


@settings(max_examples=60, deadline=None)
@given(story=STORIES)
def test_folded_at_once_or_step_by_step_it_is_the_same(story: Story) -> None:
    transcript = NOTHING
    for event in story.events:
        transcript = follow(transcript, event)
    assert transcript == fold(story.events) == story.transcript


@settings(max_examples=60, deadline=None)
@given(story=STORIES)
def test_segments_cover_what_is_live_without_a_gap_and_add_up(story: Story) -> None:
    transcript = story.transcript
    last = transcript.last
    for one in transcript.segments():
        assert one.last == last
        assert one.tokens == sum(item.tokens for item in transcript.items(one.first, one.last))
        last = one.first - 1
    assert last == transcript.first - 1
    assert sum(one.turns for one in transcript.segments()) == transcript.turns
    assert sum(one.tokens for one in transcript.segments()) == transcript.tokens


def segments(story: Story) -> list[tuple[int, int]]:
    return [(one.first, one.last) for one in reversed(list(story.transcript.segments()))]


def test_a_turn_goes_from_a_users_message_to_before_the_next() -> None:
    assert segments(told(turn(user(), reply()), turn(user(), reply()))) == [(1, 2), (3, 4)]


def test_users_messages_before_an_answer_belong_together() -> None:
    assert segments(told(turn(user(), user(), reply()), turn(user(), reply()))) == [(1, 3), (4, 5)]


def test_what_comes_before_the_first_users_message_is_a_segment_of_its_own() -> None:
    assert segments(told(Recording((reply(), reply())), turn(user(), reply()))) == [(1, 2), (3, 4)]


def test_a_turn_whose_user_said_nothing_is_still_a_turn() -> None:
    assert segments(told(turn(user(), reply()), turn(reply()))) == [(1, 2), (3, 3)]


def test_a_late_result_ties_together_all_turns_back_to_its_call() -> None:
    story = told(turn(user(), reply()), turn(user(), reply(10, "call1")), turn(user(), result("call1"), reply()))
    assert segments(story) == [(1, 2), (3, 7)]


def test_a_result_answers_the_last_call_of_its_id_so_ids_may_be_used_again_in_every_turn() -> None:
    again = turn(user(), reply(1, "call1"), result("call1"), reply())
    assert segments(told(again, again, again)) == [(1, 4), (5, 8), (9, 12)]


def test_a_result_without_a_call_ties_nothing() -> None:
    assert segments(told(turn(user(), reply()), turn(user(), result("call9")))) == [(1, 2), (3, 4)]


def test_a_rewritten_message_counts_in_its_last_form_at_its_old_place() -> None:
    story = told(turn(user(10), reply(10)), Recording((Said("user", 4, again=2),)))
    assert [(one.entry, one.revision, one.tokens) for one in story.transcript.items(1, 2)] == [(1, 2, 4), (2, 1, 10)]
    assert (story.transcript.last, story.transcript.tokens) == (2, 14)


def test_a_form_that_was_delivered_before_counts_again_when_it_is_delivered_again() -> None:
    first, second = message(1), message(1, form=2)
    events = [
        recorded(revision(first, 1)),
        recorded(revision(second, 1, 2)),
        recorded(again=((1, 1),)),
    ]
    assert fold(events).item(1).reference == Reference(1, 1)


def test_history_that_was_only_handed_over_is_not_live_until_it_is_delivered() -> None:
    handed = recorded(revision(message(1), 1), sighted="history")
    assert fold([handed]).last == 0
    assert fold([handed, recorded(again=((1, 1),))]).items(1, 1) == (Item(1, 1, "user", 10),)


def test_an_open_turn_is_unsettled_with_the_users_messages_that_nobody_answered() -> None:
    settled = told(turn(user(), reply()))
    assert settled.transcript.unsettled == 3
    assert settled.tell([Recording((user(),))]).transcript.unsettled == 3
    assert settled.tell(["assemble", Recording((reply(),))]).transcript.unsettled == 3
    assert settled.tell(["commit"]).transcript.unsettled == 5


def test_history_that_is_recorded_before_any_turn_is_settled_but_for_what_waits_for_an_answer() -> None:
    migrated = told(Recording((user(), reply(), user(), reply(), user())))
    assert migrated.transcript.unsettled == 5


def test_a_failed_turn_is_settled() -> None:
    story = told("assemble", Recording((user(), reply(1, "call1"))), "fail")
    assert story.transcript.unsettled == 3


def test_an_overflow_leaves_its_turn_open() -> None:
    story = told(turn(user(), reply()), "assemble", Recording((user(), reply(1, "call1"))), "overflow", "compact")
    assert story.transcript.unsettled == story.transcript.first == 3


def test_a_compaction_moves_the_beginning_and_sets_the_summary() -> None:
    story = told(turn(user(), reply()), turn(user(), reply()))
    story.compact(23)
    assert story.transcript.summary == Item(5, 1, "summary", 3)
    assert (story.transcript.first, story.transcript.tokens, story.transcript.turns) == (3, 20, 1)
    assert list(story.transcript.segments()) == [Segment(3, 4, 1, 20)]


def test_an_observed_compaction_says_nothing_of_what_is_live() -> None:
    observed = fact.CompactionCompleted(occurred_at=AT, session_id=S1, compacted=True, summary=1)
    story = told(turn(user(), reply()))
    assert follow(story.transcript, observed) == story.transcript


def test_a_long_session_is_folded_without_a_copy() -> None:
    story = Story()
    known = None
    for _number in range(300):
        story.tell([*turn(user(1), reply(1, "call1"), result("call1", 1), reply(1)), "compact"])
        lines = story.transcript.lines
        assert known is None or lines._known is known
        known = lines._known
    assert (story.transcript.last, story.engine.compactions) == (1_200, 300)


def test_the_latest_value_of_a_key_counts_and_older_maps_keep_theirs() -> None:
    first = LatestMap[str, int]().setting("a", 1)
    second = first.setting("a", 2).setting("b", 7)
    assert (first.get("a"), first.get("b")) == (1, None)
    assert (second.get("a"), second.get("b")) == (2, 7)
    many = second
    for value in range(100):
        many = many.setting("a", value)
    assert (many.get("a"), second.get("a")) == (99, 2)
