"""Compaction: the oldest whole turns go, never the open one; replaced and kept together are all that there was."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from domain import commands as ask
from domain import events as fact
from domain.compaction import (
    FITS,
    NOTHING,
    OPEN_ONLY,
    SUMMARY_SHARE,
    BadFirstKept,
    Plan,
    default_target,
    plan,
    reclaimed,
    summary_room,
)
from domain.summary import Spoken, extractive_summary
from domain.transcript import Transcript
from tests.domain.facts import AT, OPENED, S1, compacting, message, recorded, revision, text
from tests.domain.facts import told as told_texts
from tests.domain.scenario import given as given_events
from tests.domain.story import STORIES, Recording, Story, reply, told, turn, user

TARGETS = some.integers(0, 150)
SUMMARIES = some.none() | some.integers(0, 30)


def planned(transcript: Transcript, target: int, **options: int | bool | None) -> Plan:
    made = plan(transcript, target, **options)  # type: ignore[arg-type]  # each option as its name says
    assert isinstance(made, Plan), made
    return made


@settings(max_examples=150, deadline=None)
@given(story=STORIES, target=TARGETS, summary=SUMMARIES, forced=some.booleans())
def test_what_is_replaced_and_what_is_kept_is_all_that_there_was(
    story: Story, target: int, summary: int | None, forced: bool
) -> None:
    transcript = story.transcript
    made = plan(transcript, target, summary_tokens=summary, forced=forced)
    if isinstance(made, str):
        return
    assert made.replaced
    first = transcript.first + len(made.replaced)
    assert made.replaced == transcript.items(transcript.first, first - 1)
    assert made.kept_entries == transcript.last + 1 - first
    assert made.replaced_tokens == sum(one.tokens for one in made.replaced)
    assert made.replaced_tokens + made.kept_tokens == transcript.tokens
    assert first <= transcript.unsettled
    assert first in {*(one.first for one in transcript.segments()), transcript.last + 1}
    before = transcript.tokens + (transcript.summary.tokens if transcript.summary else 0)
    assert made.tokens_before == before
    assert made.tokens_after(7) == made.kept_tokens + 7


@settings(max_examples=150, deadline=None)
@given(story=STORIES, target=TARGETS, summary=SUMMARIES)
def test_no_more_is_left_than_the_target_but_for_what_is_unsettled(
    story: Story, target: int, summary: int | None
) -> None:
    transcript = story.transcript
    made = plan(transcript, target, summary_tokens=summary)
    if isinstance(made, str):
        return
    demanded = sum(one.tokens for one in transcript.segments() if one.last >= transcript.unsettled)
    room = target - (target // SUMMARY_SHARE if summary is None else summary)
    assert made.kept_tokens <= max(room, demanded)


@settings(max_examples=150, deadline=None)
@given(story=STORIES, target=TARGETS)
def test_after_a_compaction_exactly_what_was_kept_is_live(story: Story, target: int) -> None:
    before = story.transcript
    made = plan(before, target, summary_tokens=3, forced=True)
    story.compact(target)
    if isinstance(made, str) or story.transcript.summary == before.summary:
        return
    assert story.transcript.tokens == made.kept_tokens
    assert story.transcript.last + 1 - story.transcript.first == made.kept_entries
    assert before.turns - story.transcript.turns == made.replaced_turns
    completed = story.events[-1]
    assert isinstance(completed, fact.CompactionCompleted)
    assert reclaimed(before, completed.kept_from or 0) == made


@settings(max_examples=60, deadline=None)
@given(story=STORIES)
def test_to_compact_by_default_always_leaves_less_if_there_is_a_turn_to_replace(story: Story) -> None:
    transcript = story.transcript
    made = plan(transcript, default_target(transcript, None))
    assert isinstance(made, Plan) or made in (NOTHING, OPEN_ONLY) or transcript.tokens == 0


THREE_TURNS = told(*[turn(user(), reply()) for _ in range(3)]).transcript


def test_as_few_of_the_oldest_turns_go_as_it_takes() -> None:
    assert [one.entry for one in planned(THREE_TURNS, 45, summary_tokens=5).replaced] == [1, 2]
    assert [one.entry for one in planned(THREE_TURNS, 44, summary_tokens=5).replaced] == [1, 2, 3, 4]


def test_without_a_summary_a_fourth_of_the_target_is_left_for_one() -> None:
    assert planned(THREE_TURNS, 53).kept_tokens == 40
    assert planned(THREE_TURNS, 52).kept_tokens == 20


def test_what_fits_is_left_alone_unless_it_is_forced_to_make_room() -> None:
    assert plan(THREE_TURNS, 60) == FITS
    assert [one.entry for one in planned(THREE_TURNS, 1000, forced=True).replaced] == [1, 2]


def test_a_single_settled_turn_can_be_replaced_and_then_nothing_is_kept() -> None:
    story = told(turn(user(), reply()))
    made = planned(story.transcript, 5)
    assert (made.kept_from, made.kept_tokens, made.kept_entries) == (None, 0, 0)
    story.compact(5)
    assert (story.transcript.first, story.transcript.last, story.transcript.tokens) == (3, 2, 0)
    story.tell(turn(user(), reply()))
    assert [one.entry for one in story.transcript.items(3, 4)] == [4, 5]


def test_the_open_turn_stays_however_large_it_is() -> None:
    open_turn = told("assemble", Recording((user(30), reply(30))))
    assert plan(open_turn.transcript, 5, forced=True) == OPEN_ONLY
    behind = told(turn(user(), reply()), "assemble", Recording((user(30), reply(30))))
    made = planned(behind.transcript, 5)
    assert ([one.entry for one in made.replaced], made.kept_from, made.kept_tokens) == ([1, 2], 3, 60)


def test_where_nothing_is_recorded_nothing_is_replaced() -> None:
    assert plan(Transcript(), 0, forced=True) == NOTHING


def test_the_caller_may_say_which_entry_is_kept_first() -> None:
    assert planned(THREE_TURNS, 0, first_kept=3).kept_from == 3
    assert planned(THREE_TURNS, 0, first_kept=5).kept_from == 5


@pytest.mark.parametrize("entry", [0, 1, 2, 4, 6, 7, 99])
def test_but_only_one_with_which_a_turn_begins_and_behind_another(entry: int) -> None:
    with pytest.raises(BadFirstKept, match="The last that may be are 3, 5"):
        plan(THREE_TURNS, 0, first_kept=entry)


def test_the_first_kept_entry_may_be_the_open_turns_but_none_behind_it() -> None:
    story = told(turn(user(), reply()), "assemble", Recording((user(), reply(1, "call1"))), Recording((user(),)))
    assert planned(story.transcript, 0, first_kept=3).kept_from == 3
    with pytest.raises(BadFirstKept):
        plan(story.transcript, 0, first_kept=5)


def test_the_default_target_is_half_of_what_there_is_or_of_the_budget() -> None:
    assert default_target(THREE_TURNS, None) == 30
    assert default_target(THREE_TURNS, 40) == 20
    assert default_target(THREE_TURNS, 1000) == 30


def test_the_summary_is_an_entry_of_its_own_and_says_what_is_kept_behind_it() -> None:
    summary, its_text = message(9, role="summary"), text("what was said")
    events = (OPENED, recorded(revision(message(1), 1)), compacting())
    done = ask.CompleteCompaction(
        at=AT, session_id=S1, compacted=True, summary=its_text, message=summary, kept_from=1, tokens_after=20
    )
    completed = fact.CompactionCompleted(
        occurred_at=AT, session_id=S1, compacted=True, summary=1, summary_entry=2, kept_from=1, tokens_after=20
    )
    given_events(*events).when(done).then(
        told_texts(revision(its_text, 0)), recorded(revision(summary, 2), method="compact"), completed
    )


def test_where_nothing_is_kept_the_summary_itself_stands_first() -> None:
    done = ask.CompleteCompaction(at=AT, session_id=S1, compacted=True, message=message(9, role="summary"))
    outcome = given_events(OPENED, recorded(revision(message(1), 1)), compacting()).when(done)
    completed = outcome.happened[-1]
    assert isinstance(completed, fact.CompactionCompleted)
    assert (completed.summary_entry, completed.kept_from) == (2, 2)


SPOKEN = some.lists(
    some.builds(
        Spoken,
        some.sampled_from(["user", "assistant", "toolResult"]),
        some.text(max_size=60),
        some.lists(some.sampled_from(["read", "exec"]), max_size=2).map(tuple),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(previous=some.text(max_size=80), spoken=SPOKEN, room=some.integers(4, 400))
def test_a_summary_by_quoting_says_something_in_no_more_than_its_room(
    previous: str, spoken: list[Spoken], room: int
) -> None:
    made = extractive_summary(previous, spoken, room)
    assert 0 < len(made) <= room
    assert made == extractive_summary(previous, spoken, room)


def test_a_summary_by_quoting_tells_requests_tools_and_the_last_reply() -> None:
    spoken = [
        Spoken("user", "\n  Check the disks.\nAll of them."),
        Spoken("assistant", "", ("exec", "read")),
        Spoken("assistant", "Done:\nnothing is full."),
        Spoken("user", "And the backups?"),
        Spoken("assistant", "They are\nfine.", ("exec",)),
    ]
    assert extractive_summary("We set up the host.", spoken, 1_000) == (
        "Earlier: We set up the host.\n"
        "Asked:\n- Check the disks.\n- And the backups?\n"
        "Tools used: exec (2), read (1)\n"
        "Last reply: They are fine."
    )


def test_where_room_is_short_the_newest_requests_are_quoted() -> None:
    spoken = [Spoken("user", f"request number {number}") for number in range(50)]
    assert extractive_summary("", spoken, 52) == "Asked:\n- request number 48\n- request number 49"


def test_a_summary_of_our_own_is_at_most_a_fourth_of_the_target_and_half_of_what_it_replaces() -> None:
    made = planned(THREE_TURNS, 40)
    assert made.replaced_tokens == 40
    assert summary_room(made, 40) == 10 * 4
    assert summary_room(made, 4_000) == 20 * 4
