"""The tour: what a person sees first."""

import shlex
from collections.abc import Iterator

import click
import httpx
import pytest

from infrastructure.cli.main import commands
from tests.infrastructure.cli.running import Home, Tour
from tests.infrastructure.embedded.support import open_folder


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with open_folder() as folder:
        yield Home(folder / "home")


@pytest.fixture(scope="module")
def first(home: Home) -> Iterator[Tour]:
    with home.touring(COLUMNS="300") as tour:
        yield tour


def test_it_records_the_sample_judges_it_and_shows_where_replayed_entries_came_from(first: Tour) -> None:
    for words in (
        "ERROR key-shared-across-ticks (found)  gateway sample",
        "7 isolated ticks kept their context under one engine key, agent:main:main:heartbeat.",
        "ERROR replayed-entries (found)  gateway sample",
        "12 contexts of 6 isolated ticks hold entries of other ticks, up to 12 in one (submitted to the model).",
    ):
        assert words in first.text
    shown = [line for line in first.text.splitlines() if "FOREIGN" in line]
    assert len(shown) == 12
    assert all("session " in line for line in shown)
    assert any("Disk alert" in line for line in shown)


def test_it_serves_what_it_showed_until_it_is_interrupted(first: Tour) -> None:
    streams = httpx.get(f"{first.url}/v1/streams", params={"gateway": "sample"}).json()
    assert {one["engine_key"] for one in streams} == {"agent:main:main", "agent:main:main:heartbeat"}


def test_it_fits_on_a_page_whatever_the_terminal(first: Tour) -> None:
    lines = first.text.splitlines()
    assert len(lines) < 80
    assert max(map(len, lines)) <= 120


def test_a_second_time_everything_is_a_duplicate_and_the_verdict_is_the_same(home: Home, first: Tour) -> None:
    with home.touring() as tour:
        second = tour.text.splitlines()
    assert sum(" 0 recorded, " in line and "; 0 events" in line for line in second) == 2
    known = {line.replace(first.url, tour.url) for line in first.text.splitlines()}
    assert len([line for line in second if line not in known]) == 2


def test_every_command_that_it_names_is_one_and_takes_these_options(first: Tour) -> None:
    lines = [line.strip() for line in first.text.splitlines()]
    named = [shlex.split(line.partition(" | ")[0])[1:] for line in lines if _is_command(line)]
    assert [name for name, *_rest in named][:4] == ["import", "audit", "context", "events"]
    for name, *rest in named:
        command = commands.commands[name]
        command.make_parser(click.Context(command)).parse_args(list(rest))
    assert "openclaw config set diagnostics.cacheTrace.enabled true" in lines


def _is_command(line: str) -> bool:
    return line.split(" ", 1)[0].rpartition("/")[2] == "heartline"


def test_it_says_where_the_data_lies_and_how_to_remove_it(home: Home, first: Tour) -> None:
    folder = home.path / "postgres"
    assert f"The ledger lies in {folder}\nTo remove it: rm -r {folder}\n" in first.text
    assert folder.is_dir()


def test_where_the_ledger_cannot_be_reached_it_says_so(home: Home) -> None:
    ran = home.run(module="tour", code=3, HEARTLINE_DATABASE_URL="postgresql://127.0.0.1:1/nowhere")
    assert "can't be reached" in ran.err
