"""What the recordings of the real host come to. The truth is that of the README beside them, tick by tick."""

from typing import Any

import pytest

from domain.context import digest_of
from domain.events import Basis
from infrastructure.answers.audits import findings
from infrastructure.answers.contexts import context_answer, find_context
from infrastructure.answers.library import Library
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.importing import Imported
from infrastructure.openclaw.observed import KeyedBy
from infrastructure.recorder.engines import Engines
from tests.shared import RECORDINGS, needs_recordings

pytestmark = needs_recordings

REPLAYED = {
    "latest-iso-loop": "0 0 0 | 4 4 4 | 8 8 8 | 12 12 12 0 0 | 4 4 4 | 8 8 8 | 12 12 12 0 0",
    "may-iso-loop": ("0 0 0 | 5 10 10 | 10 20 0 0 0 | 5 10 10 | 10 20 0 0 0 | 5 10 10 | 10 20 0 0 0 | 5 10 10"),
    "latest-iso-mixed": "0 0 | 2 2 | 4 4 | 6 6 0 0 | 2 2",
    "may-iso-afterTurn": "0 0 | 3 6 | 6 12 | 9 18 0 0 | 3 6",
    "latest-iso-ignored": "0 | 4 | 8 | 12",
}
NO_REPLAY = ("latest-iso-control", "latest-main-delegate", "may-main-delegate")


def _import(ledger: Ledger, name: str, *, trace: bool = False, keyed_by: KeyedBy = "session-key") -> Imported:
    folder = RECORDINGS / name
    importer = Importer(ledger, gateway=name.lower(), keyed_by=keyed_by)
    return importer.import_recording(
        str(folder / "lifecycle.ndjson"), lambda _bytes: None, str(folder / "cache-trace.jsonl") if trace else None
    )


def _audit(ledger: Ledger, gateway: str | None = None) -> dict[str, Any]:
    library = Library(ledger)
    library.refresh()
    return {finding.code: finding for finding in findings(library, gateway)}


def _ticks(contexts: list[dict[str, Any]]) -> str:
    ticks: dict[str, list[str]] = {}
    for one in contexts:
        ticks.setdefault(one["tick_id"], []).append(str(one["replayed"]))
    return " | ".join(" ".join(counts) for counts in ticks.values())


@pytest.mark.parametrize("keyed_by", ["session-key", "session-id"])
@pytest.mark.parametrize("name", REPLAYED)
def test_the_foreign_entries_of_every_assembled_context_are_exact(ledger: Ledger, name: str, keyed_by: KeyedBy) -> None:
    _import(ledger, name, keyed_by=keyed_by)
    replayed = _audit(ledger)["replayed-entries"]
    assert _ticks(replayed.facts["contexts"]) == REPLAYED[name]
    assert all(one["unknown"] == 0 for one in replayed.facts["contexts"])


@pytest.mark.parametrize("trace", [False, True])
@pytest.mark.parametrize("name", NO_REPLAY)
def test_recordings_without_replay_have_no_replayed_entries(ledger: Ledger, name: str, trace: bool) -> None:
    _import(ledger, name, trace=trace)
    assert "replayed-entries" not in _audit(ledger)


@pytest.mark.parametrize("name", REPLAYED)
def test_what_was_only_assembled_is_a_suspicion(ledger: Ledger, name: str) -> None:
    _import(ledger, name)
    replayed = _audit(ledger)["replayed-entries"]
    assert (replayed.severity, replayed.status, replayed.facts["basis"]) == ("warning", "unknown", "assembled")


@pytest.mark.parametrize("name", ["latest-iso-loop", "may-iso-loop", "latest-iso-mixed", "may-iso-afterTurn"])
def test_what_was_submitted_is_a_fact(ledger: Ledger, name: str) -> None:
    _import(ledger, name, trace=True)
    replayed = _audit(ledger)["replayed-entries"]
    assert (replayed.severity, replayed.status, replayed.facts["basis"]) == ("error", "found", "submitted")


def test_a_replay_that_the_host_ignored_is_none(ledger: Ledger) -> None:
    _import(ledger, "latest-iso-ignored", trace=True)
    found = _audit(ledger)
    assert "replayed-entries" not in found
    assert found["key-shared-across-ticks"].status == "found"


def test_the_submitted_contexts_of_the_incident_hold_what_was_assembled(ledger: Ledger) -> None:
    _import(ledger, "latest-iso-loop", trace=True)
    submitted = _audit(ledger)["replayed-entries"].facts["submitted"]
    assert _ticks(submitted) == "0 0 | 4 4 | 8 8 | 12 12 0 | 4 4 | 8 8 | 12 12 0"


@pytest.mark.parametrize("name", sorted({*REPLAYED, *NO_REPLAY}))
def test_every_context_is_restored_as_it_was_and_so_is_its_digest(ledger: Ledger, name: str) -> None:
    _import(ledger, name, trace=True)
    library = Library(ledger)
    library.refresh()
    restored = 0
    for found in library.streams():
        place = library.placed(found.gateway, found.engine_key, found.routing_key)
        engine = Engines(ledger).get(found.gateway, found.engine_key).engine
        bases: list[tuple[Basis, int]] = [("assembled", engine.assembled.count), ("submitted", engine.submitted.count)]
        for basis, count in bases:
            for number in range(1, count + 1):
                record = find_context(library, place, basis, number, None)
                digests = [engine.roster.digests[reference] for reference in record.context]
                assert (len(digests), digest_of(digests).hex()) == (record.event.count, record.event.digest)
                restored += 1
    assert restored > 10


@pytest.mark.parametrize("name", sorted({*REPLAYED, *NO_REPLAY}))
def test_a_recording_that_is_imported_again_adds_nothing(ledger: Ledger, name: str) -> None:
    first, again = _import(ledger, name, trace=True), _import(ledger, name, trace=True)
    assert first.trace
    assert again.trace
    assert (again.recorded, again.duplicates, again.events) == (0, first.recorded, 0)
    assert (again.trace.recorded, again.trace.duplicates) == (0, first.trace.recorded)
    assert first.rejected == [] == first.trace.rejected
    assert first.lines == first.recorded + first.ignored


def test_messages_come_back_as_the_bytes_that_the_engine_answered_with(ledger: Ledger) -> None:
    _import(ledger, "latest-iso-loop")
    library = Library(ledger)
    library.refresh()
    answer = context_answer(library, library.place("agent:main:main:heartbeat"), "assembled", 4, None)
    line = (RECORDINGS / "latest-iso-loop" / "lifecycle.ndjson").read_bytes().split(b"\n")[18]
    assert [entry.origin.foreign for entry in answer.entries] == [True] * 4
    assert all(bytes(entry.message) in line for entry in answer.entries)


def test_all_recordings_in_one_ledger_keep_apart(ledger: Ledger) -> None:
    for name in sorted({*REPLAYED, *NO_REPLAY}):
        _import(ledger, name)
    for name, truth in REPLAYED.items():
        replayed = _audit(ledger, name.lower())["replayed-entries"]
        assert _ticks(replayed.facts["contexts"]) == truth


def test_the_second_delivery_of_a_prompt_in_mays_retry_is_marked_and_stays_in_one_turn(ledger: Ledger) -> None:
    _import(ledger, "may-iso-loop")
    payloads = [row.payload for row in ledger.stream("may-iso-loop", "agent:main:main:heartbeat")]
    assert sum(b'"repeats"' in payload for payload in payloads) == 3
    assert sum(b'"TurnCommitted"' in payload and b'"attempts":2' in payload for payload in payloads) == 3
