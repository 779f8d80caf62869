"""Lists on the command line: newest first, fifty at a time unless somebody says otherwise, in lines that fit."""

import re
from pathlib import Path

import pytest
from msgspec.structs import fields

from infrastructure.answers.listing import AnyListing
from infrastructure.answers.listings import LISTINGS
from infrastructure.cli.output import WIDTH, fitted
from tests.infrastructure.cli.running import Home, Json
from tests.infrastructure.cli.sample import KEY, SAMPLE, line

each_listing = pytest.mark.parametrize("listing", LISTINGS, ids=[one.name for one in LISTINGS])

MORE = re.compile(r"… more: --after (\S+)\n")


@each_listing
def test_a_list_is_shown_in_lines_that_fit_with_the_columns_that_people_use(home: Home, listing: AnyListing) -> None:
    header, *rows = home.inside(listing.command, "--limit", "1000").text.splitlines()
    answers = home.inside(listing.command, "--limit", "1000", "--json").answers
    assert len(header.split()) == len(listing.columns)
    assert len(rows) == len(answers) > 0
    assert all(len(row) <= WIDTH for row in (header, *rows))
    assert list(answers[0]) == [field.encode_name for field in fields(listing.answer)]
    assert {*listing.columns} <= {*answers[0]}


@each_listing
def test_where_there_are_more_the_way_on_is_said_beside_the_answer(home: Home, listing: AnyListing) -> None:
    every = home.inside(listing.command, "--json", "--limit", "10000").answers
    followed: list[Json] = []
    after: tuple[str, ...] = ()
    while len(followed) + 2 < len(every):
        ran = home.inside(listing.command, "--json", "--limit", "2", *after, noted=True)
        followed += ran.answers
        (cursor,) = MORE.findall(ran.err)
        after = ("--after", cursor)
    followed += home.inside(listing.command, "--json", "--limit", "2", *after).answers
    assert followed == every


def test_fifty_are_listed_unless_more_are_asked_for(home: Home, tmp_path: Path) -> None:
    calls = (line("maintain", {"sessionId": f"s-{n}", "sessionKey": "agent:busy:main"}) for n in range(60))
    (tmp_path / "busy").write_bytes(b"\n".join(calls))
    home.inside("import", str(tmp_path / "busy"), "--gateway", "busy")
    assert len(home.json("keys", "--agent", "busy", noted=True).answers) == 50
    assert len(home.inside("keys", "--agent", "busy", "--limit", "1000", "--json").answers) == 60


def test_engines_and_keys_say_what_each_came_to_and_which_belonged_together(home: Home) -> None:
    (engine,) = home.json("engines", "--engine-key", *SAMPLE).answers
    assert (engine["routing_key"], engine["agent"], engine["kind"], engine["phase"]) == (
        KEY,
        "main",
        "heartbeat",
        "idle",
    )
    assert (engine["turns"], engine["overflows"], engine["compactions"], engine["events"]) == (7, 2, 2, 129)
    keys = home.json("keys", "--routing-key", *SAMPLE).answers
    assert len({one["session_id"] for one in keys}) == len(keys) == 7
    assert [one["first_at"] for one in keys] == sorted((one["first_at"] for one in keys), reverse=True)
    assert {(one["engine_key"], one["heartbeat"]) for one in keys} == {(KEY, True)}
    (found,) = home.inside("keys", "--session-id", keys[2]["session_id"], "--gateway", "sample", "--json").answers
    assert found == keys[2]


def test_a_table_fits_by_cutting_keys_within_and_never_a_time() -> None:
    time = "2026-11-23T08:00:00.000Z"
    rows = [["agent:main:" + "x" * 200 + ":end", "s" * 100, time], ["short", "-", time]]
    shown = fitted(("engine_key", "session_id", "first_at"), rows, whole=["first_at"], width=60)
    assert all(len(one) <= 60 for one in shown)
    assert all(one.endswith(time) for one in shown[1:])
    assert re.match(r"agent:ma\S*…\S*:end  s+…s+  ", shown[1])
    assert fitted(("a", "b"), [["x" * 100, "y" * 100]], whole=["a", "b"], width=60)[1].count("x") == 100
    assert fitted(("key",), [], width=10) == ["key"]
    for width in range(8, 90):
        assert all(len(one) <= max(width, 14) for one in fitted(("k", "l"), [["x" * 40, "y" * 33]], width=width))


def test_the_table_of_ticks_says_what_they_were_billed(home: Home) -> None:
    header, *_rows = home.inside("ticks", "--limit", "1000").text.splitlines()
    assert "billed_tokens" in header.split()


def test_help_says_no_more_of_limits_than_people_need(home: Home) -> None:
    for command in ("ticks", "events", "search"):
        assert "9223372036854775807" not in home.inside(command, "--help").text
    assert "--at 12 " in home.inside("state", "--help").text
