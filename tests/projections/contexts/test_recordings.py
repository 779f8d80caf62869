"""The contexts of the recordings: what they hold as ranges is what they hold."""

from typing import Any

import pytest

from domain.context import Run
from infrastructure.answers.contexts import find_context
from infrastructure.answers.library import Library
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from projections.ranges import ranges_of
from tests.shared import RECORDINGS, needs_recordings

pytestmark = needs_recordings

NAMES = sorted(folder.name for folder in RECORDINGS.iterdir()) if RECORDINGS.is_dir() else []


@pytest.mark.parametrize("name", NAMES)
def test_the_ranges_of_every_recorded_context_are_its_entries(ledger: Ledger, name: str) -> None:
    folder = RECORDINGS / name
    Importer(ledger, gateway="g").import_recording(
        str(folder / "lifecycle.ndjson"), lambda _bytes: None, str(folder / "cache-trace.jsonl")
    )
    library = Library(ledger)
    library.refresh()
    rows: list[tuple[Any, ...]] = ledger.connection.execute(
        "select engine_key, basis, number, entries, ranges, routing_key, turn_position"
        " from heartline_projections.contexts"
    ).fetchall()
    for engine_key, basis, number, entries, ranges, routing_key, turn_position in rows:
        record = find_context(library, library.place(engine_key), basis, number, None)
        assert len(record.context) == entries
        assert tuple(ranges) == ranges_of([Run(one.entry, 1, 1) for one in record.context])
        assert routing_key == library.place(engine_key).routing_key
        assert (turn_position is None) == (basis == "submitted")
    assert {basis for _key, basis, *_rest in rows} == {"assembled", "submitted"}
