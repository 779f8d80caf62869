"""A rebuild by processes of its own: the same rows, nothing half-built, resumed after a kill, and appends go on."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import msgspec
import psycopg
import pytest

from infrastructure.answers.library import Library
from infrastructure.ledger.ledger import Ledger
from infrastructure.rebuilding.rebuild import Rebuilt, Step, rebuild
from infrastructure.rebuilding.tasks import Fill
from infrastructure.settings import Settings
from projections.catalogue import PROJECTIONS
from projections.machinery.generations import begin
from tests.projections.lines import ingest

SAID = [(f"a{n % 7}", f"s{n // 20}") for n in range(120)]
TABLES = [table.name for projection in PROJECTIONS for table in projection.tables]

Rows = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home", database)


@pytest.fixture
def library(ledger: Ledger, tmp_path: Path) -> Library:
    ingest(ledger, tmp_path, *SAID)
    opened = Library(ledger)
    opened.refresh()
    return opened


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def rows(owner: psycopg.Connection[Any]) -> Rows:
    queries = {name: f"select * from heartline_projections.{name}".encode() for name in TABLES}
    return {name: sorted(owner.execute(query).fetchall(), key=repr) for name, query in queries.items()}


def spoilt(owner: psycopg.Connection[Any]) -> None:
    owner.execute("update heartline_projections.engines_1 set turns = turns + 1")


def test_a_rebuild_takes_over_with_the_same_rows(
    library: Library, settings: Settings, owner: psycopg.Connection[Any]
) -> None:
    before = rows(owner)
    done = rebuild(library, settings, PROJECTIONS)
    assert [(one.name, one.same_as_live, one.live, one.differences) for one in done] == [
        (projection.name, True, True, []) for projection in PROJECTIONS
    ]
    assert rows(owner) == before
    assert {one.generation for one in done} == {2}
    assert sum(one.rows for one in done) == sum(map(len, before.values()))


def test_rows_that_differ_are_told_of_and_do_not_take_over_unless_accepted(
    library: Library, settings: Settings, owner: psycopg.Connection[Any]
) -> None:
    right = rows(owner)["engines"]
    spoilt(owner)
    wrong = rows(owner)["engines"]
    engines = PROJECTIONS[:1]
    [refused] = rebuild(library, settings, engines)
    assert (refused.same_as_live, refused.live, {one.table for one in refused.differences}) == (
        False,
        False,
        {"engines"},
    )
    assert rows(owner)["engines"] == wrong
    [accepted] = rebuild(library, settings, engines, accept=True)
    assert (accepted.same_as_live, accepted.live, accepted.events) == (False, True, 0)
    assert rows(owner)["engines"] == right


def test_afresh_begins_anew_instead_of_going_on(
    library: Library, settings: Settings, owner: psycopg.Connection[Any]
) -> None:
    spoilt(owner)
    [refused] = rebuild(library, settings, PROJECTIONS[:1])
    [again] = rebuild(library, settings, PROJECTIONS[:1], accept=True, afresh=True)
    assert (refused.events, again.events) == (refused.events, refused.events)
    assert refused.events > 0


def test_people_read_and_append_while_it_goes_on(
    library: Library, settings: Settings, database: str, owner: psycopg.Connection[Any], tmp_path: Path
) -> None:
    seen: list[int] = []
    over, appended = Event(), Event()

    def read() -> None:
        with psycopg.connect(database, autocommit=True) as reader:
            while not over.is_set():
                [(count,)] = reader.execute("select count(*) from heartline_projections.engines").fetchall()
                seen.append(count)

    def append() -> None:
        with Ledger.open(database) as own:
            first = 1_000
            while not over.is_set():
                ingest(own, tmp_path, ("late", f"s{first}"), first=first)
                Library(own).refresh()
                appended.set()
                first += 1

    threads = [Thread(target=read), Thread(target=append)]
    for thread in threads:
        thread.start()
    appended.wait(30)
    try:
        done = rebuild(library, settings, PROJECTIONS)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert all(one.live and one.same_as_live for one in done)
    assert set(seen) <= {7, 8}
    library.refresh()
    assert len(rows(owner)["engines"]) == 8


def test_a_rebuild_that_was_killed_goes_on_where_it_stood(
    library: Library, settings: Settings, owner: psycopg.Connection[Any]
) -> None:
    """Killed with its processes at the first step that is told of: they fold a batch a step."""
    script = (
        "import os, signal, sys\n"
        "from infrastructure.answers.library import Library\n"
        "from infrastructure.ledger.ledger import Ledger\n"
        "from infrastructure.rebuilding.rebuild import rebuild\n"
        "from infrastructure.settings import settings_from\n"
        "from projections.catalogue import PROJECTIONS\n"
        "settings = settings_from(os.environ)\n"
        "with Ledger.open(settings.database_url) as ledger:\n"
        "    rebuild(Library(ledger), settings, PROJECTIONS, told=lambda step: os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    assert settings.database_url is not None
    environment = {**os.environ, "HEARTLINE_DATABASE_URL": settings.database_url}
    killed = subprocess.run([sys.executable, "-c", script], env=environment, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    before = rows(owner)
    filled = "select sum(position)::int from heartline_projections.offsets where generation = 2"
    [(stood,)] = owner.execute(filled).fetchall()
    assert stood > 0
    done = rebuild(library, settings, PROJECTIONS)
    assert all(one.same_as_live and one.generation == 2 for one in done)
    ends = sum(head.position for head in library.ledger.heads())
    assert 0 < done[0].events < ends
    assert rows(owner) == before


def test_progress_is_told_by_partition(library: Library, settings: Settings) -> None:
    steps: list[Step] = []
    rebuild(library, settings, PROJECTIONS, workers=1, told=steps.append)
    ends = {head.partition: head.position for head in library.ledger.heads() if head.position}
    last = {step.partition: step for step in steps}
    assert {partition: (one.folded, one.events) for partition, one in last.items()} == {
        partition: (end, end) for partition, end in ends.items()
    }


@pytest.fixture
def heartline(settings: Settings) -> Callable[..., subprocess.CompletedProcess[str]]:
    environment = {**os.environ, "HEARTLINE_DATABASE_URL": str(settings.database_url)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "infrastructure.cli.main", *arguments]
        return subprocess.run(command, env=environment, check=False, timeout=60, capture_output=True, text=True)

    return run


def test_the_command_says_what_became_of_it_and_ends_with_1_where_rows_differ(
    library: Library, heartline: Callable[..., subprocess.CompletedProcess[str]], owner: psycopg.Connection[Any]
) -> None:
    same = heartline("rebuild", "engines", "--json")
    [told] = json.loads(same.stdout)["projections"]
    assert (same.returncode, told["name"], told["same_as_live"], same.stderr) == (0, "engines", True, "")
    owner.execute("update heartline_projections.engines_2 set turns = turns + 1")
    different = heartline("rebuild", "engines")
    assert different.returncode == 1
    assert "different from those that are read" in different.stdout
    assert "--accept" in different.stderr
    unknown = heartline("rebuild", "moods")
    assert (unknown.returncode, "there are engines" in unknown.stderr.lower()) == (2, True)


def test_projections_tells_of_lag_and_of_what_is_being_filled(
    library: Library, heartline: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    ingest(library.ledger, tmp_path, ("z", "s"), first=2_000)
    told = [json.loads(line) for line in heartline("projections", "--json").stdout.splitlines()]
    assert [one["name"] for one in told] == [projection.name for projection in PROJECTIONS]
    assert all(one["live"]["lag_events"] > 0 and not one["up_to_date"] for one in told)
    library.refresh()
    told = [json.loads(line) for line in heartline("projections", "--json").stdout.splitlines()]
    ends = sum(head.position for head in library.ledger.heads())
    assert [(one["live"]["lag_events"], one["live"]["lag_seconds"], one["up_to_date"]) for one in told] == [
        (0, 0.0, True) for _one in told
    ]
    assert {one["live"]["offset"] for one in told} == {ends}


def test_done_is_what_the_contract_says() -> None:
    assert {"name", "events", "seconds", "rows", "generation", "same_as_live"} <= set(Rebuilt.__struct_fields__)


def test_a_process_whose_command_was_killed_ends_without_a_word(library: Library, settings: Settings) -> None:
    environment = {**os.environ, "HEARTLINE_DATABASE_URL": str(settings.database_url)}
    command = [sys.executable, "-m", "infrastructure.rebuilding.worker"]
    begin(library.ledger.connection, PROJECTIONS[0])
    ends = {head.partition: head.position for head in library.ledger.heads() if head.position}
    partition, end = next(iter(ends.items()))
    task = msgspec.json.encode(Fill((PROJECTIONS[0].name,), partition, end))
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        assert worker.stderr is not None
        worker.stdout.close()
        worker.stdin.write(task + b"\n")
        worker.stdin.close()
        assert worker.wait(60) == 0
        assert worker.stderr.read() == b""
