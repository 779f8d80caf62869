"""Recording what is generated: it comes to the events that were counted, and the audit sees the bug or its absence."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import to_builtins

from domain.events import decode
from domain.keys import stream_id
from infrastructure.answers.audits import findings
from infrastructure.answers.library import Library
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.generate.gateway import MOST_OVER, Plan, generated
from infrastructure.openclaw.generate.recording import record_generated
from infrastructure.openclaw.importer import Importer, LedgerEnd

SALTED = ("digest", "history_digest", "again")
"""What of an event hangs on salts, which are new whenever content is recorded; or on the digests made with them."""


@pytest.mark.parametrize("bug", [False, True])
def test_each_line_comes_to_as_many_events_as_were_counted_and_none_is_strange(ledger: Ledger, bug: bool) -> None:
    lines = list(generated(Plan(4_000, 2, bug)))
    outcomes = LedgerEnd(ledger, "session-key").observe("counted", [one.line for one in lines])
    assert [one.reason for one in outcomes if one.outcome == "rejected"] == []
    assert [one.events for one in outcomes] == [one.events for one in lines]
    types = [row.type for key in keys(ledger, "counted") for row in ledger.stream("counted", key)]
    assert len(types) == sum(one.events for one in lines)
    assert not {"AnomalyNoted", "AssemblyFailed"} & set(types)


def test_recorded_at_once_it_is_what_its_import_is(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "generated.ndjson"
    path.write_bytes(b"".join(one.line + b"\n" for one in generated(Plan(1_200, 4))))
    imported = Importer(ledger, gateway="imported").import_recording(str(path), lambda _bytes: None)
    recorded = record_generated(ledger, events=1_200, seed=4)
    assert 1_200 <= recorded.events <= 1_200 + MOST_OVER
    assert recorded.gateway == "generated"
    assert _counts(recorded) == _counts(imported)
    assert keys(ledger, "generated") == keys(ledger, "imported")
    for key in keys(ledger, "generated"):
        assert _told(ledger, "generated", key) == _told(ledger, "imported", key)


def test_recorded_again_it_adds_nothing(ledger: Ledger) -> None:
    first = record_generated(ledger, events=300, seed=1)
    again = record_generated(ledger, events=300, seed=1)
    assert (again.recorded, again.events, again.duplicates) == (0, 0, first.recorded)
    assert again.rejected == []


def test_the_audit_finds_what_the_bug_replays_and_nothing_without_it(ledger: Ledger) -> None:
    record_generated(ledger, events=1_500, seed=1, bug=True, gateway="broken")
    record_generated(ledger, events=1_500, seed=1, bug=False, gateway="sane")
    library = Library(ledger)
    library.refresh()
    assert findings(library, "sane") == []
    found = findings(library, "broken")
    routes = {key for key in keys(ledger, "broken") if key.endswith(":heartbeat")}
    assert routes
    for code in ("key-shared-across-ticks", "replayed-entries"):
        assert {one.routing_key for one in found if one.code == code} == routes
    listed = [one for finding in found for one in finding.facts.get("contexts", ())]
    assert max(one["replayed"] for one in listed) > 10
    assert not any(one["unknown"] for one in listed)


def keys(ledger: Ledger, gateway: str) -> list[str]:
    library = Library(ledger)
    library.refresh()
    return sorted(one.engine_key for one in library.streams(gateway))


def _counts(imported: Any) -> tuple[int, ...]:
    return (
        *(imported.lines, imported.recorded, imported.duplicates, imported.ignored, len(imported.rejected)),
        *(imported.streams, imported.events),
    )


def _told(ledger: Ledger, gateway: str, engine_key: str) -> tuple[list[Any], list[Any]]:
    """What a stream tells, but for salts, and the contents beside it."""
    events = [(row.type, _unsalted(to_builtins(decode(row.payload)))) for row in ledger.stream(gateway, engine_key)]
    contents = ledger.connection.execute(
        "select entry, revision, bytes from heartline.content where stream = %s order by entry, revision",
        (stream_id(gateway, engine_key),),
    ).fetchall()
    return events, contents


def _unsalted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unsalted(item) for key, item in value.items() if key not in SALTED}
    return [_unsalted(item) for item in value] if isinstance(value, list | tuple) else value
