"""An engine's state at any version or time is what its events come to, however far the last snapshot is."""

from functools import reduce
from pathlib import Path

import psycopg
import pytest

from domain.engine import FRESH, Engine, evolve
from domain.events import Event, decode
from infrastructure.answers.library import Library
from infrastructure.answers.objects import StateAnswer
from infrastructure.answers.streams import state_answer
from infrastructure.answers.times import rfc3339
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from projections.engines import projection as engines
from tests.shared import RECORDINGS, needs_recordings


def recorded(ledger: Ledger, lifecycle: Path, trace: Path) -> Library:
    Importer(ledger, gateway="g").import_recording(str(lifecycle), lambda _bytes: None, str(trace))
    library = Library(ledger)
    library.refresh()
    return library


def assert_said(answer: StateAnswer, engine: Engine) -> None:
    assert (answer.version, answer.phase, answer.session_id) == (engine.version, engine.phase, engine.session_id)
    assert (answer.sessions, answer.ticks) == (len(engine.sessions), len(engine.ticks))
    assert (answer.tick_id, answer.turn, answer.entries) == (engine.tick, engine.turn, len(engine.roster))
    assert (answer.contexts, answer.submitted) == (engine.assembled.count, engine.submitted.count)
    assert (answer.context_entries, answer.context_tokens) == (len(engine.assembled.last()), engine.context_tokens)
    assert (answer.turns, answer.overflows, answer.compactions) == (engine.turns, engine.overflows, engine.compactions)
    assert answer.last_at == (None if engine.last_at is None else rfc3339(engine.last_at))


def assert_every_state(library: Library) -> None:
    for stream in library.streams():
        place = library.place(stream.engine_key, stream.gateway)
        events: list[Event] = [decode(row.payload) for row in library.ledger.stream(place.gateway, place.engine_key)]
        engine = FRESH
        for version, event in enumerate(events, 1):
            engine = evolve(engine, event)
            assert_said(state_answer(library, place, str(version)), engine)
        assert_said(state_answer(library, place), engine)
        for time in sorted({event.occurred_at // 1_000 * 1_000 for event in events}):
            later = next((n for n, event in enumerate(events) if event.occurred_at > time), len(events))
            assert_said(state_answer(library, place, rfc3339(time)), reduce(evolve, events[:later], FRESH))


def test_the_state_at_every_version_and_time_of_the_sample(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "EVERY", 7)
    assert_every_state(recorded(ledger, LIFECYCLE, TRACE))


@needs_recordings
@pytest.mark.parametrize("name", ["latest-iso-mixed", "may-iso-loop"])
def test_the_state_at_every_version_and_time_of_a_recording(
    ledger: Ledger, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "EVERY", 7)
    folder = RECORDINGS / name
    assert_every_state(recorded(ledger, folder / "lifecycle.ndjson", folder / "cache-trace.jsonl"))


def test_snapshots_can_be_deleted_at_any_time(ledger: Ledger, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "EVERY", 7)
    library = recorded(ledger, LIFECYCLE, TRACE)
    with psycopg.connect(database, autocommit=True) as owner:
        [(kept,)] = owner.execute("select count(*) from heartline_projections.standings").fetchall()
        owner.execute("delete from heartline_projections.standings_1 where version % 2 = 0")
        assert_every_state(library)
        owner.execute("delete from heartline_projections.standings_1")
    assert kept > 0
    assert_every_state(library)
