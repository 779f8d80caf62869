"""On what the real host did: live, rebuilt, redelivered and randomly batched rows are the same, in every read model."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from infrastructure.answers.library import Library
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from projections.catalogue import PROJECTIONS
from projections.machinery.generations import begin, build_indexes, compare, generations, swap
from projections.machinery.projector import Projector
from tests.projections.test_folding import rows
from tests.shared import RECORDINGS, needs_recordings

NAMES = sorted(path.name for path in RECORDINGS.iterdir() if path.is_dir()) if RECORDINGS.is_dir() else []


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def import_as_it_comes(ledger: Ledger, folder: Path, grown: Path) -> None:
    """Import a recording while it grows, folding as a service does, and all of it once more with its trace."""
    lines = (folder / "lifecycle.ndjson").read_bytes().splitlines(keepends=True)
    library = Library(ledger)
    for end in range(9, len(lines) + 9, 9):
        grown.write_bytes(b"".join(lines[:end]))
        Importer(ledger, gateway="g").import_recording(str(grown), lambda _bytes: None)
        library.refresh()
    trace = str(folder / "cache-trace.jsonl")
    Importer(ledger, gateway="g").import_recording(str(folder / "lifecycle.ndjson"), lambda _bytes: None, trace)
    library.refresh()


@needs_recordings
@pytest.mark.parametrize("name", NAMES)
def test_live_rebuilt_and_randomly_batched_rows_are_the_same(
    ledger: Ledger, owner: psycopg.Connection[Any], name: str, tmp_path: Path
) -> None:
    import_as_it_comes(ledger, RECORDINGS / name, tmp_path / "lifecycle.ndjson")
    live = rows(owner)
    ends = {head.partition: head.position for head in ledger.heads()}
    batches = Random(name)
    numbers = {projection.name: begin(ledger.connection, projection) for projection in PROJECTIONS}
    Projector(ledger.connection, PROJECTIONS, "filling").catch_up(ends, batch=lambda: batches.randint(1, 60))
    for projection in PROJECTIONS:
        for table in projection.tables:
            build_indexes(ledger.connection, table.name, numbers[projection.name])
        assert compare(ledger.connection, projection, range(ledger.partitions)) == []
        assert swap(ledger.connection, projection, numbers[projection.name])
    rebuilt = rows(owner)
    assert {name: found for name, found in rebuilt.items() if found != live[name]} == {}
    assert [one.set_aside for one in generations(ledger.connection)] == [0] * len(PROJECTIONS)
