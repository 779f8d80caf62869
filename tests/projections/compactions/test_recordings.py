"""The compactions of the recordings: what each claimed, and what came of it."""

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

FIGURES = """
    select trigger, outcome, claimed_reclaim, context_before, context_after, actual_reclaim, freed_nothing,
        replaced_entries
    from heartline_projections.compactions order by started_at
"""

KNOWN: dict[str, list[tuple[Any, ...]]] = {
    "latest-iso-loop": [
        ("overflow", "compacted", 19_900, 12, 15, 3_001, False, 12),
        ("overflow", "compacted", 19_900, 23, None, None, None, None),
    ],
    "may-iso-loop": [
        ("overflow", "compacted", 19_900, 8, 9, 6_227, False, 11),
        ("overflow", "compacted", 19_900, 16, 17, 6_200, False, 11),
        ("overflow", "compacted", 19_900, 24, 25, 6_200, False, 11),
    ],
    "latest-main-delegate": [
        ("manual", "failed", None, 7, 8, None, None, 0),
        ("manual", "failed", None, 8, 9, None, None, 0),
        ("overflow", "nothing", None, 10, 11, None, None, 0),
        ("budget", "nothing", None, 11, 12, None, None, 0),
        ("budget", "compacted", 25_433, 11, 12, 1_038, False, 9),
    ],
    "may-main-delegate": [("manual", "compacted", 2_304, 9, 10, -111, True, 0)],
    "latest-iso-mixed": [
        ("overflow", "compacted", 19_900, 9, 10, 0, True, 0),
        ("overflow", "compacted", 19_900, 8, 11, 18, False, 6),
    ],
}
"""After the overflows of the heartbeats of the current release the host assembles empty contexts for the retry: the
next that holds anything is of the next tick, and after the last one there is none.

Of the last two recordings' main sessions the engine claims success, and its next context is as large as before."""


def imported(ledger: Ledger, name: str) -> Library:
    folder = RECORDINGS / name
    Importer(ledger, gateway="g").import_recording(str(folder / "lifecycle.ndjson"), lambda _bytes: None)
    library = Library(ledger)
    library.refresh()
    return library


@pytest.mark.parametrize("name", KNOWN)
def test_claims_and_what_came_of_them_are_those_of_the_recording(ledger: Ledger, name: str) -> None:
    imported(ledger, name)
    assert ledger.connection.execute(FIGURES).fetchall() == KNOWN[name]


@pytest.mark.parametrize("name", KNOWN)
def test_what_was_replaced_stood_in_the_context_before_and_not_in_the_one_after(ledger: Ledger, name: str) -> None:
    library = imported(ledger, name)
    found: list[tuple[Any, ...]] = ledger.connection.execute(
        "select engine_key, context_before, context_after, replaced from heartline_projections.compactions"
        " where outcome = 'compacted' and context_after is not null"
    ).fetchall()
    for engine_key, before, after, replaced in found:
        place = library.place(engine_key)
        held, left = (
            {one.entry for one in find_context(library, place, "assembled", number, None).context}
            for number in (before, after)
        )
        assert tuple(replaced) == ranges_of([Run(entry, 1, 1) for entry in sorted(held - left)])
    assert found


def test_compactions_in_a_tick_name_it(ledger: Ledger) -> None:
    imported(ledger, "latest-iso-loop")
    query = "select tick_id, routing_key, session_id, turn_position is not null from heartline_projections.compactions"
    for tick_id, routing_key, session_id, in_turn in ledger.connection.execute(query).fetchall():
        assert (tick_id, in_turn) == (f"{routing_key}@{session_id}", True)
