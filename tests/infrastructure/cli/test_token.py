"""`heartline token`, as people and scripts use it."""

import pytest

from infrastructure.access.tokens import TEXT_FORM
from tests.infrastructure.cli.running import Home

KEYS = {"token_id", "name", "scope", "gateway", "created_at", "expires_at", "revoked_at", "live"}


def made(home: Home, *arguments: str) -> tuple[str, str]:
    """Make a token and give its id and its text."""
    answer = home.inside("token", "create", *arguments, "--json").answer
    assert set(answer) == KEYS | {"secret"}
    return answer["token_id"], answer["secret"]


def test_the_secret_stands_alone_on_standard_output(home: Home) -> None:
    ran = home.inside("token", "create", "laptop recorder", "--scope", "write", "--gateway", "laptop", noted=True)
    assert TEXT_FORM.fullmatch(ran.text.removesuffix("\n"))
    assert "laptop recorder" in ran.err
    assert ran.text.strip() not in ran.err


def test_a_list_shows_every_token_and_no_secret(home: Home) -> None:
    token_id, secret = made(home, "listed", "--scope", "read", "--expires-in", "90d")
    for ran in (home.inside("token", "list"), home.inside("token", "list", "--json")):
        assert token_id in ran.text
        assert secret.rsplit("_", 1)[1] not in ran.text
    (listed,) = [one for one in home.inside("token", "list", "--json").answers if one["token_id"] == token_id]
    assert set(listed) == KEYS
    assert (listed["name"], listed["scope"], listed["gateway"], listed["live"]) == ("listed", "read", None, True)
    assert listed["expires_at"] > listed["created_at"]


def test_a_revoked_token_stays_in_the_list_and_is_not_live(home: Home) -> None:
    token_id, _secret = made(home, "short", "--scope", "admin")
    assert token_id in home.inside("token", "revoke", token_id).text
    answer = home.inside("token", "revoke", token_id, "--json").answer
    assert (answer["live"], answer["revoked_at"] is None) == (False, False)
    assert f"{token_id}  short" in home.inside("token", "list").text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create", "x"), "--scope"),
        (("create", "x", "--scope", "root"), "root"),
        (("create", "x", "--scope", "write"), "--gateway"),
        (("create", "x", "--scope", "write", "--gateway", "Not A Name"), "Not A Name"),
        (("create", "x", "--scope", "read", "--gateway", "home"), "leave --gateway out"),
        (("create", "x", "--scope", "read", "--expires-in", "soon"), "soon"),
        (("create", "x", "--scope", "read", "--expires-in", "0d"), "some time"),
        (("create", "x", "--scope", "read", "--expires-in", "9" * 30 + "d"), "span of time"),
        (("create", "x", "--scope", "read", "--expires-in", "99999d"), "100 years"),
        (("revoke", "nobody"), "nobody"),
        (("revoke", f"heartline_000000000000_{'x' * 43}"), "between its underscores"),
        (("forge",), "forge"),
    ],
)
def test_what_is_wrongly_asked_ends_with_2(home: Home, arguments: tuple[str, ...], words: str) -> None:
    ran = home.inside("token", *arguments, code=2)
    assert words in ran.err
    assert ran.out == b""
