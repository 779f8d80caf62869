"""What is wrongly asked ends with 2 and what can't be done with 3, in words and without a traceback."""

import json
import subprocess
import sys

import pytest

from infrastructure.answers.listings import LISTINGS
from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from tests.infrastructure.cli.running import Home
from tests.infrastructure.cli.sample import KEY, SAMPLE, UNREACHABLE, shown
from tests.infrastructure.embedded.support import PROJECT


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ["Usage"]),
        (("state", "agent:main:main:hartbeat", "--gateway", "sample"), [f"Did you mean {KEY}"]),
        (("context", KEY), ["--gateway", "sample", "other"]),
        (("audit", "--gateway", "smaple"), ["smaple", "sample", "other"]),
        (("events", "--after", "nonsense"), ["no cursor"]),
        (("import", "/no/such/file"), ["/no/such/file"]),
        (("import", "x", "--content", "masked"), ["'full', 'redacted', 'none'"]),
        (("import", "x", "--content", "none", "--url", "http://127.0.0.1:1"), ["without --url"]),
    ],
    ids=shown,
)
def test_wrong_usage_ends_with_2_and_says_what_there_is(
    home: Home, arguments: tuple[str, ...], words: list[str]
) -> None:
    ran = home.run(*arguments, code=2)
    assert ran.out == b""
    assert all(word in ran.err for word in words), ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no-such-command",), ["no-such-command"]),
        (("state",), ["ENGINE_KEY"]),
        (("events", "agent:main:main:hartbeat"), [KEY]),
        (("context", "agent:main:main:hartbeat#3"), [KEY]),
        (("state", KEY), ["--gateway", "sample", "other"]),
        (("events", KEY), ["--gateway", "sample", "other"]),
        (("streams", "--gateway", "smaple"), ["smaple", "sample", "other"]),
        (("events", "--gateway", "smaple"), ["smaple", "sample", "other"]),
        *(
            ((one.command, *options), words)
            for one in LISTINGS
            for options, words in (
                (("--gateway", "smaple"), ["smaple", "sample", "other"]),
                (("--engine-key", "agent:main:main:hartbeat"), [f"Did you mean {KEY}"]),
                (("--routing-key", "agent:main:main:hartbeat"), [f"Did you mean {KEY}"]),
                (("--agent", "mian"), ["Did you mean main"]),
                (("--since", "soon"), ["soon"]),
                (("--after", "nonsense"), ["no cursor of a list", "--after"]),
                (("--limit", "0"), ["--limit"]),
                (("--agent", "\udcff"), ["UTF-8"]),
            )
        ),
        (("engines", "--session-id", "s"), ["--session-id"]),
        (("events", "--type", "TurnCommited"), ["TurnCommited", "Did you mean TurnCommitted"]),
        (("search", "x", "--agent", "mian"), ["Did you mean main"]),
        (("context", *SAMPLE, "--call", "26"), ["26", "25"]),
        (("context", *SAMPLE, "--call", "9" * 30), ["it has 25"]),
        (("context", f"{KEY}#{'9' * 30}", "--gateway", "sample"), [KEY]),
        (("context", f"{KEY}#²", "--gateway", "sample"), [KEY]),
        (("context", f"{KEY}#4", "--call", "3", "--gateway", "sample"), ["--call"]),
        (("context", f"{KEY}#4", "--tick", "t", "--gateway", "sample"), ["--tick"]),
        (("context", *SAMPLE, "--call", "3", "--submitted", "3"), ["--submitted"]),
        (("context", *SAMPLE, "--tick", "nobody"), ["nobody"]),
        (("context", "0-999999"), ["0-999999"]),
        (("summary",), ["ENGINE_KEY"]),
        (("summary", *SAMPLE, "3"), ["no compaction 3", "it has 2"]),
        (("summary", *SAMPLE, "9" * 30), ["it has 2"]),
        (("summary", "agent:main:main", "--gateway", "sample"), ["No compaction"]),
        (("summary", *SAMPLE, "1", "--entry", "3"), ["--entry"]),
        (("summary", *SAMPLE, "--entry", "0"), ["--entry"]),
        (("state", *SAMPLE, "--at", "soon"), ["soon"]),
        (("state", *SAMPLE, "--at", "²"), ["²"]),
        (("state", *SAMPLE, "--at", "9" * 30), ["999"]),
        (("state", *SAMPLE, "--at", "9" * 5000), ["999"]),
        (("state", *SAMPLE, "--at", "9999999999d"), ["9999999999d"]),
        (("import",), ["PATH"]),
        (("import", str(PROJECT)), [str(PROJECT)]),
        (("import", str(LIFECYCLE), "--gateway", "Not A Name"), ["Not A Name"]),
        (("import", str(LIFECYCLE), str(LIFECYCLE), "--trace", str(TRACE)), ["--trace"]),
        (("state", "\udcff"), ["UTF-8"]),
        (("context", "\udcff#1"), ["UTF-8"]),
        (("context", *SAMPLE, "--tick", "\udcff"), ["UTF-8"]),
        (("events", "--gateway", "\udcff"), ["UTF-8"]),
    ],
    ids=shown,
)
def test_every_other_wrong_usage_ends_with_2_too(home: Home, arguments: tuple[str, ...], words: list[str]) -> None:
    ran = home.inside(*arguments, code=2)
    assert ran.out == b""
    assert all(word in ran.err for word in words), ran.err


def test_a_missing_trace_is_noticed_before_anything_is_recorded(home: Home) -> None:
    home.run("import", str(LIFECYCLE), "--trace", "/no/such/trace", "--gateway", "untouched", code=2)
    assert "untouched" not in home.run("streams").text


@pytest.mark.parametrize("command", ["streams", "migrate"])
def test_a_database_that_cannot_be_reached_ends_with_3_in_one_line_without_the_password(
    home: Home, command: str
) -> None:
    ran = home.run(command, code=3, HEARTLINE_DATABASE_URL=UNREACHABLE)
    assert "HEARTLINE_DATABASE_URL" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert "swordfish" not in ran.err


@pytest.mark.parametrize(
    "url", ["postgress://someone:swordfish@127.0.0.1/x", f"{UNREACHABLE}?swordfish=1", "postgresql://[::1"]
)
def test_what_is_no_address_of_a_database_is_wrong_usage_and_is_not_repeated(home: Home, url: str) -> None:
    ran = home.run("streams", code=2, HEARTLINE_DATABASE_URL=url)
    assert "HEARTLINE_DATABASE_URL" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert "swordfish" not in ran.err


@pytest.mark.parametrize("url", [UNREACHABLE, "postgresql://[::1"])
def test_doctor_tells_of_a_database_that_cannot_be_reached(home: Home, url: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "infrastructure.cli.main", "doctor", "--json"],
        capture_output=True,
        cwd=PROJECT,
        env=home.environment(HEARTLINE_DATABASE_URL=url),
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (3, b"")
    assert json.loads(ended.stdout)["ok"] is False
    assert b"swordfish" not in ended.stdout


def test_a_closed_standard_input_is_said_to_be_closed(home: Home) -> None:
    command = f"exec {sys.executable} -m infrastructure.cli.main import - <&-"
    ran = subprocess.run(command, shell=True, cwd=PROJECT, env=home.environment(), capture_output=True, check=False)
    assert (ran.returncode, b"Standard input is closed" in ran.stderr) == (2, True)
