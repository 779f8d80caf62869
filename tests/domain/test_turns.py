"""A turn: one admitted prompt up to its accepted reply, or its failure, with as many attempts as it takes."""

import pytest

from domain import commands as ask
from domain import events as fact
from domain.engine import Turn
from domain.entries import TEXTS, Revision, Seen
from tests.domain import asks
from tests.domain.facts import (
    AT,
    OPENED,
    S1,
    S2,
    assembled,
    committed,
    compacted,
    compacting,
    failed,
    message,
    overflow,
    recorded,
    revision,
    settled,
    submitted,
    text,
    told,
)
from tests.domain.scenario import given

PROMPT, OTHER_PROMPT = text("read the log"), text("and the other one")
IN_TURN = (OPENED, assembled())


def test_a_context_opens_a_turn_that_is_named_after_its_delivery() -> None:
    engine = given(OPENED).when(asks.assembling()).then(assembled("turn-1")).engine
    assert engine.phase == "in-turn"
    assert engine.turn == Turn(id="turn-1", session_id=S1)


def test_every_model_call_of_a_turn_has_a_context_of_the_same_attempt() -> None:
    given(*IN_TURN).when(asks.assembling(delivery="second-call")).then(assembled("turn-1", call=2, attempt=1))


def test_a_committed_turn_leaves_the_engine_idle_and_without_a_turn() -> None:
    engine = given(*IN_TURN).when(asks.committing()).then(committed()).engine
    assert (engine.phase, engine.turn, engine.turns) == ("idle", None, 1)


def test_the_turn_after_a_committed_one_is_another() -> None:
    given(*IN_TURN, committed()).when(asks.assembling(delivery="turn-2")).then(assembled("turn-2", call=2))


def test_a_commit_keeps_what_the_host_says_of_its_turn() -> None:
    command = ask.CommitTurn(
        at=AT,
        session_id=S1,
        turn_id="logical-7",
        advancement_key="advance-1",
        first_position=8,
        last_position=11,
        heartbeat=True,
    )
    happened = fact.TurnCommitted(
        occurred_at=AT,
        turn_id="logical-7",
        session_id=S1,
        advancement_key="advance-1",
        first_position=8,
        last_position=11,
        heartbeat=True,
    )
    engine = given(*IN_TURN).when(command).then(happened).engine
    assert list(engine.heartbeat_sessions) == [S1]


def test_a_commit_with_an_advancement_key_that_is_known_does_nothing() -> None:
    once = given(*IN_TURN, committed(key="advance-1"))
    once.when(asks.committing(key="advance-1")).then_nothing_happened()
    once.observed(asks.committing(key="advance-1")).then_nothing_happened()


def test_an_advancement_key_stays_known_through_later_turns() -> None:
    later = given(*IN_TURN, committed(key="advance-1"), assembled("turn-2", call=2))
    later.when(asks.committing(key="advance-1")).then_nothing_happened()
    later.when(asks.committing(key="advance-2")).then(committed("turn-2", key="advance-2"))


def test_commits_without_an_advancement_key_are_never_taken_for_each_other() -> None:
    given(*IN_TURN, committed(key=None), assembled("turn-2", call=2)).when(asks.committing(key=None)).then(
        committed("turn-2", key=None)
    )


def test_a_commit_that_the_host_retries_during_another_sessions_turn_leaves_that_turn_open() -> None:
    interrupted = given(OPENED, assembled("turn-2", session_id=S2, attempt=2))
    outcome = interrupted.observed(asks.committing(session_id=S1, key="late", delivery="turn-1"))
    outcome.then_written_as_anomaly(
        "session-changed-in-turn", committed("turn-1", session_id=S1, key="late", late=True)
    )
    assert (outcome.engine.phase, outcome.engine.turn) == ("in-turn", interrupted.engine.turn)
    assert outcome.engine.turns == 1
    given(*interrupted.events, *outcome.happened).when(asks.committing(session_id=S2, key="own")).then(
        committed("turn-2", session_id=S2, attempts=2, key="own")
    )


def test_a_failed_attempt_leaves_the_engine_idle_and_its_turn_open_to_another() -> None:
    engine = given(*IN_TURN).when(asks.failing()).then(failed()).engine
    assert (engine.phase, engine.failed_attempts, engine.turns) == ("idle", 1, 0)
    assert engine.turn == Turn(id="turn-1", session_id=S1, broken=True)


def test_the_same_prompt_after_a_failure_is_the_next_attempt_of_the_same_turn() -> None:
    before = (OPENED, told(revision(PROMPT, 0)), assembled(prompt=1), failed())
    again = given(*before).when(asks.assembling(delivery="retry", prompt=PROMPT))
    again.then(assembled("turn-1", call=2, attempt=2, prompt=1))
    assert again.engine.turn == Turn(id="turn-1", session_id=S1, attempts=2, prompt=1)


def test_another_prompt_after_a_failure_is_another_turn() -> None:
    before = (OPENED, told(revision(PROMPT, 0)), assembled(prompt=1), failed())
    given(*before).when(asks.assembling(delivery="turn-2", prompt=OTHER_PROMPT)).then(
        told(revision(OTHER_PROMPT, 0, 2)), assembled("turn-2", call=2, prompt=2)
    )


def test_the_same_prompt_in_another_session_is_another_turn() -> None:
    before = (OPENED, told(revision(PROMPT, 0)), assembled(prompt=1), failed())
    given(*before).when(asks.assembling(delivery="turn-2", session_id=S2, prompt=PROMPT)).then(
        assembled("turn-2", session_id=S2, call=2, prompt=1)
    )


def test_the_same_prompt_after_an_accepted_reply_is_another_turn() -> None:
    before = (OPENED, told(revision(PROMPT, 0)), assembled(prompt=1), committed())
    given(*before).when(asks.assembling(delivery="turn-2", prompt=PROMPT)).then(assembled("turn-2", call=2, prompt=1))


def test_a_turn_counts_its_attempts_until_its_reply_is_accepted() -> None:
    attempts = (*IN_TURN, failed(), assembled(call=2, attempt=2), failed(), assembled(call=3, attempt=3))
    given(*attempts).when(asks.committing()).then(committed(attempts=3))
    assert given(*attempts).engine.failed_attempts == 2


def test_an_overflow_breaks_the_attempt_and_must_be_answered_by_a_compaction() -> None:
    engine = given(*IN_TURN).when(asks.overflowing()).then(overflow()).engine
    assert (engine.phase, engine.overflows) == ("overflowed", 1)
    assert engine.turn == Turn(id="turn-1", session_id=S1, broken=True)


def test_after_overflow_and_compaction_the_next_context_is_the_next_attempt_of_the_same_turn() -> None:
    before = (*IN_TURN, assembled(call=2), overflow())
    compaction = given(*before).when(asks.compaction()).then(compacting())
    assert compaction.engine.phase == "compacting"
    idle = given(*before, compacting()).when(asks.compaction_done()).then(compacted())
    assert (idle.engine.phase, idle.engine.compactions) == ("idle", 1)
    again = given(*before, compacting(), compacted()).when(asks.assembling(delivery="after the compaction"))
    again.then(assembled("turn-1", call=3, attempt=2))
    assert again.engine.phase == "in-turn"
    given(*before, compacting(), compacted(), *again.happened).when(asks.committing()).then(committed(attempts=2))


def test_a_second_overflow_of_a_turn_makes_a_third_attempt() -> None:
    once = (overflow(), compacting(), compacted())
    before = (*IN_TURN, *once, assembled(call=2, attempt=2), *once)
    given(*before).when(asks.assembling()).then(assembled(call=3, attempt=3))
    assert (given(*before).engine.overflows, given(*before).engine.compactions) == (2, 2)


def test_no_context_is_a_fact_that_opens_no_turn() -> None:
    engine = (
        given(OPENED)
        .when(asks.giving_none())
        .then(fact.AssemblyFailed(occurred_at=AT, session_id=S1, reason="threw"))
        .engine
    )
    assert (engine.phase, engine.turn, engine.session_id) == ("idle", None, S1)


USER_AGAIN = message(9, discriminator="")
"""May's prompt: a user message without an id of its own, as long as `message(1)`."""
FIRST_PROMPT = revision(message(1, discriminator=""), 1)
RETRY = (
    OPENED,
    assembled(),
    recorded(FIRST_PROMPT, method="afterTurn"),
    failed(),
    compacting(),
    compacted(),
    assembled(call=2, attempt=2),
)
"""May's order of an overflow, up to the second delivery of the prompt."""


def test_a_prompt_that_is_delivered_again_in_a_retry_is_an_entry_that_repeats_the_first() -> None:
    given(*RETRY).observed(asks.recording(USER_AGAIN, method="afterTurn")).then(
        recorded(revision(USER_AGAIN, 2, repeats=1), method="afterTurn")
    )


def test_a_prompt_that_is_delivered_a_third_time_repeats_the_first_too() -> None:
    twice = (recorded(revision(USER_AGAIN, 2, repeats=1)), failed(), assembled(call=3, attempt=3))
    third = message(17, discriminator="")
    given(*RETRY, *twice).observed(asks.recording(third)).then(recorded(revision(third, 3, repeats=1)))


@pytest.mark.parametrize(
    ("why", "delivered"),
    [
        ("it is no user message", message(9, role="toolResult", discriminator="")),
        ("the host gave it an id of its own", message(9)),
    ],
)
def test_another_message_in_a_retry_repeats_nothing(why: str, delivered: Seen) -> None:
    given(*RETRY).observed(asks.recording(delivered)).then(recorded(revision(delivered, 2)))


def test_a_user_message_of_another_length_in_a_retry_repeats_nothing() -> None:
    longer = message(9, discriminator="")
    longer = Seen(identity=longer.identity, digest=longer.digest, size=longer.size + 1, tokens=10)
    given(*RETRY).observed(asks.recording(longer)).then(
        recorded(
            Revision(
                entry=2,
                revision=1,
                role="user",
                timestamp=longer.identity.timestamp,
                discriminator="",
                digest=longer.digest.hex(),
                size=41,
                tokens=10,
            )
        )
    )


def test_a_user_message_in_a_first_attempt_repeats_nothing() -> None:
    before = (OPENED, assembled(), recorded(FIRST_PROMPT))
    given(*before).observed(asks.recording(USER_AGAIN)).then(recorded(revision(USER_AGAIN, 2)))


def test_a_prompt_that_the_host_rewrote_during_a_retry_is_a_revision_and_repeats_nothing() -> None:
    rewritten = message(1, discriminator="", form=2)
    given(*RETRY).observed(asks.recording(rewritten)).then(recorded(revision(rewritten, 1, 2)))


def test_an_older_message_that_the_host_rewrote_during_a_retry_repeats_nothing() -> None:
    older = message(0, discriminator="")
    before = (OPENED, recorded(revision(older, 1)), assembled(), recorded(revision(message(1, discriminator=""), 2)))
    retry = (failed(), assembled(call=2, attempt=2))
    rewritten = message(0, discriminator="", form=2)
    given(*before, *retry).observed(asks.recording(rewritten)).then(recorded(revision(rewritten, 1, 2)))


def test_a_tick_may_settle_while_a_turn_is_open() -> None:
    before = (*IN_TURN, fact.TickDispatched(occurred_at=AT, tick_id="tick-1", session_id=S1, engine_key="k"))
    assert given(*before).when(asks.settling()).then(settled()).engine.phase == "in-turn"


def test_what_the_model_received_changes_no_turn() -> None:
    engine = given(*IN_TURN).when(asks.submitting()).then(submitted()).engine
    assert (engine.phase, engine.turn, engine.submitted.count) == ("in-turn", given(*IN_TURN).engine.turn, 1)


def test_after_an_overflow_was_compacted_the_same_turn_goes_on_with_whatever_prompt_the_host_retries_it() -> None:
    first = (OPENED, told(revision(text("the task"), TEXTS, 1)), assembled(prompt=1))
    compacted_away = given(*first, overflow(), compacting(), compacted())
    retried = told(revision(text("go on with the task"), TEXTS, 2)), assembled(call=2, attempt=2, prompt=2)
    compacted_away.observed(asks.assembling(prompt=text("go on with the task"), delivery="retry")).then(*retried)
