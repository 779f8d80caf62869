"""`heartline generate`, as people and scripts use it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.openclaw.generate.gateway import Plan, generated
from tests.infrastructure.cli.running import Home
from tests.infrastructure.cli.sample import IMPORT_KEYS
from tests.infrastructure.embedded.support import PROJECT


def lines(plan: Plan) -> bytes:
    return b"".join(one.line + b"\n" for one in generated(plan))


def test_it_writes_the_lines_and_touches_no_database(home: Home, tmp_path: Path) -> None:
    nowhere = Home(tmp_path / "nowhere")
    assert nowhere.run("generate", "--events", "200").out == lines(Plan(200))
    assert not nowhere.path.exists()
    assert home.inside("generate", "--events", "200", "--seed", "3", "--bug").out == lines(Plan(200, 3, bug=True))


def test_what_it_records_is_what_an_import_of_its_lines_records(home: Home) -> None:
    recorded = home.json("generate", "--events", "200", "--seed", "4", "--record").answer
    imported = home.json("import", "-", "--gateway", "piped", stdin=lines(Plan(200, 4))).answer
    assert set(recorded) == set(imported) == IMPORT_KEYS
    assert (recorded.pop("gateway"), imported.pop("gateway")) == ("generated", "piped")
    assert (recorded.pop("source"), imported.pop("source")) == ("generate --events 200 --seed 4", "-")
    assert recorded == imported
    assert 200 <= recorded["events"] <= 400
    assert recorded["rejected"] == []


def test_people_are_told_what_import_tells_and_the_same_again_adds_nothing(home: Home) -> None:
    arguments = ("generate", "--events", "50", "--bug", "--record", "--gateway", "elsewhere")
    first, again = home.inside(*arguments).text, home.inside(*arguments).text
    assert "generate --events 50 --seed 0 --bug\n" in first
    assert "streams of gateway elsewhere" in first
    assert " 0 recorded, " in again


def test_a_reader_that_leaves_is_no_error(home: Home) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "infrastructure.cli.main", "generate", "--events", "1000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=PROJECT,
        env=home.environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["method"] == "_factory"
        process.stdout.close()
        said = process.stderr.read()
        assert (process.wait(60), said) == (0, b"")


@pytest.mark.parametrize(
    "arguments",
    [
        ("generate",),
        ("generate", "--events", "0"),
        ("generate", "--events", "9", "--seed", "-1"),
        ("generate", "--events", "9", "--gateway", "lost"),
        ("generate", "--events", "9", "--url", "http://127.0.0.1:1"),
        ("generate", "--events", "9", "--record", "--gateway", "No such form"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(home: Home, arguments: tuple[str, ...]) -> None:
    assert home.inside(*arguments, code=2).out == b""
