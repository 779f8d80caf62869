"""The README's commands are run as they stand there, after the tour of `make run`; `…` stands for anything."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.infrastructure.cli.running import Home

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n\$ (.*?)\n(.*?)```", README, re.DOTALL)
QUERIES = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("home")
    home = Home(folder / "heartline")
    with home.touring(HOME=str(folder), COLUMNS="118") as tour:
        yield {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "HEARTLINE_HOME": str(home.path),
            "COLUMNS": "118",
            "URL": tour.url,
        }


def matches(shown: str, printed: str) -> bool:
    parts = [".*?" if part == "…" else re.escape(part) for part in re.split("(…)", shown.rstrip())]
    return re.fullmatch("".join(parts), printed.rstrip(), re.DOTALL) is not None


def test_the_readme_shows_commands() -> None:
    assert len(BLOCKS) >= 5


@pytest.mark.parametrize(("command", "shown"), BLOCKS, ids=[command for command, _shown in BLOCKS])
def test_a_command_of_the_readme_prints_what_stands_there(
    command: str, shown: str, environment: dict[str, str]
) -> None:
    command = command.replace("http://127.0.0.1:8787", environment["URL"])  # the port may be taken here
    ran = subprocess.run(command, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    printed = "\n".join(line.rstrip() for line in ran.stdout.split("\n"))
    assert matches(shown, printed), f"{printed}\n{ran.stderr}"


def test_the_readme_shows_queries() -> None:
    assert len(QUERIES) >= 5


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_the_readme_is_answered_to_the_reader(query: str, environment: dict[str, str]) -> None:
    socket = Path(environment["HEARTLINE_HOME"]) / "postgres" / "socket"
    with psycopg.connect(f"host={socket} user=heartline_reader dbname=heartline") as connection:
        found = connection.execute(query.encode()).fetchall()
    assert found or "freed_nothing" in query  # which the sample's compactions did not
