"""The rows of turns that transcripts tell of."""

from typing import Any
from uuid import UUID

from msgspec.structs import replace

from domain.entries import Billed
from domain.events import EntriesRecorded, Event
from projections.machinery.projection import Recorded
from projections.transcript_turns.projection import MOST_OPEN, Remembered, TranscriptTurnRow, fold, shown
from tests.domain.facts import AT, S1, S2, message, revision

STREAM = UUID(int=1)
PAID = Billed(input=100, output=5, cache_read=20)


def kept(entry: int, role: str = "user", session_id: str = S1, at: int = AT, **said: Any) -> EntriesRecorded:
    one = replace(revision(message(entry, role=role), entry), **said)
    return EntriesRecorded(
        occurred_at=at, session_id=session_id, sighted="transcript", method="transcript", revisions=(one,)
    )


def turns_of(*events: Event) -> list[TranscriptTurnRow]:
    held: Remembered | None = None
    rows: dict[int, Any] = {}
    for place, event in enumerate(events, 1):
        held, new = fold(held, Recorded(3, place, STREAM, place, "g", "agent:main:main", AT, event))
        rows.update({row.position: row for row in new})  # type: ignore[attr-defined]  # they are rows of turns
    if held is not None:
        rows.update({row.position: row for row in shown(held)})  # type: ignore[attr-defined]  # the same
    return [rows[place] for place in sorted(rows)]


def test_a_turn_goes_from_its_prompt_to_the_reply_and_sums_what_was_billed() -> None:
    (turn,) = turns_of(
        kept(1),
        kept(2, "assistant", billed=PAID, tools=("read", "read")),
        kept(3, "toolResult"),
        kept(4, "assistant", at=AT + 7, billed=PAID),
    )
    assert (turn.position, turn.outcome, turn.started_at, turn.ended_at) == (1, "committed", AT, AT + 7)
    assert (turn.billed_input, turn.billed_tokens, turn.tools, turn.tool_counts) == (200, 250, ("read",), (2,))


def test_a_reply_that_nobody_billed_broke_and_the_next_attempt_goes_on() -> None:
    broken = (kept(1), kept(2, "assistant", at=AT + 3))
    (turn,) = turns_of(*broken)
    assert (turn.outcome, turn.ended_at, turn.billed_tokens) == ("failed", AT + 3, None)
    (turn,) = turns_of(*broken, kept(3, "assistant", at=AT + 9, billed=PAID))
    assert (turn.outcome, turn.ended_at) == ("committed", AT + 9)


def test_a_prompt_that_nobody_answered_is_an_open_turn_and_a_second_one_beside_it_belongs_to_it() -> None:
    (turn,) = turns_of(kept(1), kept(2))
    assert (turn.position, turn.outcome, turn.ended_at) == (1, "open", None)


def test_sessions_that_were_written_down_between_each_other_are_turns_of_their_own() -> None:
    turns = turns_of(
        kept(1),
        kept(2, session_id=S2),
        kept(3, "assistant", billed=PAID),
        kept(4, "assistant", session_id=S2, billed=PAID),
    )
    assert [(one.session_id, one.outcome) for one in turns] == [(S1, "committed"), (S2, "committed")]


def test_what_was_on_record_before_and_what_was_delivered_are_no_transcripts_turns() -> None:
    assert turns_of(kept(1, revision=2), replace(kept(2), sighted="delivered")) == []


def test_the_turns_of_the_last_sessions_are_remembered() -> None:
    held: Remembered | None = None
    for place in range(MOST_OPEN + 1):
        event = kept(place + 1, session_id=f"s-{place}")
        held, _rows = fold(held, Recorded(3, place + 1, STREAM, place + 1, "g", "agent:main:main", AT, event))
    assert held is not None
    assert [one.session_id for one in held.open] == [f"s-{place}" for place in range(1, MOST_OPEN + 1)]
