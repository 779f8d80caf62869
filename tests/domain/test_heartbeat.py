"""The reply contract of a heartbeat: an acknowledgement at the start or the end, with little beside it."""

import pytest

from domain.heartbeat import ACKNOWLEDGEMENT, ACKNOWLEDGEMENT_MAX_CHARACTERS, Outcome, outcome_of

OK = ACKNOWLEDGEMENT


@pytest.mark.parametrize("reply", [OK, f"  {OK}\n", f"{OK} {OK}", f"{OK}\n\nAll quiet.", f"All quiet. {OK}"])
def test_an_acknowledgement_at_the_start_or_the_end_is_one(reply: str) -> None:
    assert outcome_of(reply) == "ok-token"


@pytest.mark.parametrize("reply", [f"I would say {OK} but the disk is full.", f"**{OK} or not**", OK.lower()])
def test_an_acknowledgement_in_the_middle_or_in_another_form_means_nothing(reply: str) -> None:
    assert outcome_of(reply) == "sent"


def test_anything_else_is_an_alert() -> None:
    assert outcome_of("The disk is full.") == "sent"


@pytest.mark.parametrize("reply", ["", " ", "\n\t \n"])
def test_nothing_said_is_an_empty_reply(reply: str) -> None:
    assert outcome_of(reply) == "ok-empty"


@pytest.mark.parametrize("form", ["{ok} {rest}", "{rest}\n{ok}", "{ok}{rest}", "{ok}  {rest}  {ok}"])
@pytest.mark.parametrize(("characters", "outcome"), [(299, "ok-token"), (300, "ok-token"), (301, "sent")])
def test_what_stands_beside_an_acknowledgement_is_dropped_up_to_300_characters(
    form: str, characters: int, outcome: Outcome
) -> None:
    assert ACKNOWLEDGEMENT_MAX_CHARACTERS == 300
    assert outcome_of(form.format(ok=OK, rest="é" * characters)) == outcome


def test_the_white_space_around_what_stands_beside_is_not_counted() -> None:
    assert outcome_of(f"{OK}{' ' * 400}{'x' * 300}{' ' * 400}") == "ok-token"


def test_the_limit_is_the_hosts_to_set() -> None:
    assert outcome_of(f"{OK} hm", most=0) == "sent"
    assert outcome_of(OK, most=0) == "ok-token"
    assert outcome_of(f"{OK} {'x' * 301}", most=301) == "ok-token"


def test_a_long_reply_without_an_acknowledgement_is_sent_however_high_the_limit() -> None:
    assert outcome_of("x" * 10, most=1_000) == "sent"
