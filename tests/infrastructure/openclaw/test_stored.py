"""What a host's store tells, in the ledger."""

from infrastructure.answers.audits import findings
from infrastructure.answers.library import Library
from infrastructure.answers.listing import Selection
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.ticks import TICKS, ReceiptAnswer
from infrastructure.answers.turns import TURNS
from infrastructure.ledger.ledger import Ledger
from infrastructure.recorder.recorder import Recorder
from tests.infrastructure.openclaw.transcripts import (
    MAIN,
    ROUTE,
    deliveries,
    kept,
    record_session,
    reply,
    stream,
    user,
)


def _types(ledger: Ledger, key: str = ROUTE) -> list[str]:
    return [row.type for row in ledger.stream("g", key)]


def test_a_session_of_a_heartbeats_key_is_a_tick_with_its_messages_and_its_outcome(ledger: Ledger) -> None:
    record_session(ledger, "s-1", user(), reply())
    assert _types(ledger) == [
        "EngineOpened",
        "SessionListed",
        "TickDispatched",
        "EntriesRecorded",
        "EntriesRecorded",
        "TickSettled",
    ]
    library = Library(ledger)
    library.refresh()
    assert [(one.code, one.severity, one.status) for one in findings(library)] == [
        ("replayed-entries", "info", "unknown")
    ]


def test_a_heartbeat_in_the_main_session_is_a_tick_from_its_poll_to_its_reply(ledger: Ledger) -> None:
    record_session(
        ledger, "s-1", user("hello"), reply("hi", 1), user(at=2), reply("", 3, "toolUse"), reply(at=4), key=MAIN
    )
    assert _types(ledger, MAIN).count("TickDispatched") == 1
    assert _types(ledger, MAIN)[-1] == "TickSettled"


def test_a_reply_to_somebody_else_settles_no_tick(ledger: Ledger) -> None:
    record_session(ledger, "s-1", user(), user("hello", 1), reply("hi", 2), key=MAIN)
    assert "TickSettled" not in _types(ledger, MAIN)


def test_told_again_nothing_is_recorded_again_and_a_rewritten_message_is_another_form_of_its_entry(
    ledger: Ledger,
) -> None:
    record_session(ledger, "s-1", user(), reply())
    before = _types(ledger)
    assert {one.outcome for one in record_session(ledger, "s-1", user(), reply())} == {"duplicate"}
    assert _types(ledger) == before
    record_session(ledger, "s-1", user(), {**reply(), "usage": {}})
    assert _types(ledger)[len(before) :] == ["EntriesRecorded"]
    state = LocalAnswers(Library(ledger)).state(ROUTE, "g")
    assert state.entries == 2


def test_a_second_source_attests_to_the_same_entries(ledger: Ledger) -> None:
    record_session(ledger, "s-1", user(), reply())
    Recorder(ledger).record(deliveries(stream(source=b"copy"), kept("s-1", user(), reply())))
    assert LocalAnswers(Library(ledger)).state(ROUTE, "g").entries == 2


def test_growing_first_calls_of_fresh_sessions_are_a_suspicion(ledger: Ledger) -> None:
    for number, size in enumerate((3_700, 5_200, 6_700, 8_200), 1):
        record_session(ledger, f"s-{number}", user(at=number * 10), reply(at=number * 10 + 1, size=size))
    library = Library(ledger)
    library.refresh()
    (found,) = findings(library)
    assert (found.code, found.status, found.occurrences) == ("replayed-entries", "unknown", 3)
    assert [one["input_tokens"] for one in found.facts["input_tokens"]] == [3_700, 5_200, 6_700, 8_200]


def _receipts(ledger: Ledger) -> list[ReceiptAnswer]:
    return LocalAnswers(Library(ledger)).listed(TICKS, Selection(gateway="g")).items


def test_a_receipt_of_a_tick_that_only_a_store_tells_of_has_its_outcome_and_what_was_billed(ledger: Ledger) -> None:
    record_session(ledger, "s-1", user(), reply("", 1, "toolUse", size=3_000), reply(at=2, size=4_000))
    (receipt,) = _receipts(ledger)
    assert (receipt.tick_id, receipt.isolated, receipt.outcome) == (f"{ROUTE}@s-1", True, "ok-token")
    assert (receipt.billed_tokens, receipt.replayed_entries, receipt.basis) == (7_010, None, None)


def test_a_tick_in_the_main_session_is_billed_for_its_own_turn(ledger: Ledger) -> None:
    record_session(
        ledger,
        "s-1",
        user("hello"),
        reply("hi", 1, size=1_000),
        user(at=2),
        reply(at=3, size=2_000),
        user("again", at=4),
        reply("hi", 5, size=4_000),
        key=MAIN,
    )
    (receipt,) = _receipts(ledger)
    assert (receipt.isolated, receipt.billed_tokens) == (False, 2_005)


def test_turns_that_only_a_transcript_tells_of_are_listed_as_reconstructed(ledger: Ledger) -> None:
    record_session(ledger, "s-1", user("hello"), reply("", 1, "toolUse"), reply("hi", 2), key=MAIN)
    (turn,) = LocalAnswers(Library(ledger)).listed(TURNS, Selection(gateway="g")).items
    assert (turn.evidence, turn.outcome, turn.billed_tokens) == ("reconstructed", "committed", 7_410)
    assert [one.name for one in turn.tools] == ["read"]
