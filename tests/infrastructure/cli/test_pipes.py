"""The command line in pipes: standard input, readers that leave, importing again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from tests.infrastructure.cli.running import Home
from tests.infrastructure.cli.sample import STRANGE_KEY, line, written
from tests.infrastructure.embedded.support import PROJECT


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(("command", "lines"), [("events", 1), ("streams", 0)])
def test_a_reader_that_leaves_is_no_error(home: Home, command: str, lines: int, unbuffered: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "infrastructure.cli.main", command, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=PROJECT,
        env=home.environment(PYTHONUNBUFFERED=unbuffered),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in range(lines):
            assert json.loads(process.stdout.readline())
        process.stdout.close()
        said = process.stderr.read()
        assert (process.wait(60), said) == (0, b"")


def test_json_is_utf_8_wherever_it_goes(home: Home) -> None:
    given = line("maintain", {"sessionKey": STRANGE_KEY})
    home.json("import", "-", "--gateway", "unicode", stdin=given)
    ran = home.json("streams", "--gateway", "unicode", PYTHONIOENCODING="ascii")
    assert ran.answer["engine_key"] == STRANGE_KEY
    assert home.json("state", STRANGE_KEY).answer["engine_key"] == STRANGE_KEY


def test_standard_input_is_imported_and_known_again(home: Home, folder: Path) -> None:
    given = line("bootstrap", {"sessionId": "piped", "sessionKey": "agent:main:piped"})
    first = home.json("import", "-", stdin=given).answer
    assert (first["source"], first["recorded"]) == ("-", 1)
    assert first["gateway"].startswith("stdin-")
    for again in (
        home.json("import", "-", stdin=given).answer,
        home.json("import", written(folder, "piped.ndjson", given)).answer,
    ):
        assert (again["duplicates"], again["recorded"], again["events"]) == (1, 0, 0)
        assert again["gateway"] == first["gateway"]
    nothing = home.json("import", "-", stdin=b"").answer
    assert (nothing["lines"], nothing["rejected"]) == (0, [])


def test_importing_again_finds_duplicates_only(home: Home) -> None:
    answer = home.json("import", str(LIFECYCLE), "--trace", str(TRACE), "--gateway", "sample").answer
    for counts in (answer, answer["trace"]):
        assert counts["recorded"] == counts["events"] == counts["streams"] == 0
        assert counts["duplicates"] + counts["ignored"] == counts["lines"]
        assert counts["duplicates"] > 0
