"""A rebuild, killed with or without its database, goes on where it stood, and what people read stays whole."""

from pathlib import Path
from typing import Any

import pytest

from infrastructure.answers.library import Library
from infrastructure.openclaw.importer import Importer
from projections.catalogue import PROJECTIONS
from tests.crash.conftest import Files
from tests.crash.ledgers import ledger_of
from tests.crash.moments import Moments, rounds
from tests.crash.processes import Program, Progress, kill_postgres, wait_for

pytestmark = pytest.mark.crash

FILLED = "select coalesce(sum(position), 0)::int from heartline_projections.offsets where generation = %s"
TABLES = [table.name for projection in PROJECTIONS for table in projection.tables]

Rows = dict[str, list[tuple[Any, ...]]]


def read(home: Path) -> Rows:
    with ledger_of(home) as ledger:
        queries = {name: f"select * from heartline_projections.{name}".encode() for name in TABLES}
        return {name: sorted(ledger.connection.execute(query).fetchall(), key=repr) for name, query in queries.items()}


def rebuilding(home: Path) -> Program:
    return Program(home, "infrastructure.cli.main", "rebuild", "--json")


@pytest.mark.parametrize("kills", rounds())
def test_whenever_it_is_killed_it_goes_on_and_comes_to_the_same_rows(
    kills: int, home: Path, files: Files, moments: Moments
) -> None:
    with ledger_of(home) as ledger:
        Importer(ledger, gateway="g").import_recording(files.lifecycle, lambda _bytes: None, files.trace)
        Library(ledger).refresh()
        events = sum(head.position for head in ledger.heads())
    before = read(home)
    for _kill in range(kills):
        count = moments.within(1, events * len(PROJECTIONS), "killed when so many are filled")
        victim = moments.one_of("rebuild", "postmaster", "everything")
        with rebuilding(home) as run, Progress(home) as progress:
            wait_for(lambda: filled(progress) >= count, run, f"{count} are filled")  # noqa: B023  # asked at once
            if victim == "rebuild":
                run.kill()
            else:
                kill_postgres(home, victim)
            run.ended()
        assert read(home) == before
    with rebuilding(home) as run:
        done = run.ended().answer()["projections"]
    assert [(one["name"], one["same_as_live"], one["live"]) for one in done] == [
        (projection.name, True, True) for projection in PROJECTIONS
    ]
    assert read(home) == before


def filled(progress: Progress) -> int:
    filling = "(select max(generation) from heartline_projections.generations where state = 'filling')"
    found = progress.ask(FILLED.replace("%s", filling))
    return found if isinstance(found, int) else 0
