"""What a host's own files say must agree with what its engine was seen to do, in whatever order they are imported."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from infrastructure.answers.library import Library
from infrastructure.answers.listing import Selection
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.turns import TURNS
from infrastructure.checking.hosts import Hosts
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.host.layout import recognise
from tests.databases import Databases
from tests.shared import RECORDINGS, needs_recordings

LIVE, STORE, TRACE = "lifecycle.ndjson", "store", "cache-trace.jsonl"
HEARTBEAT = "agent:main:main:heartbeat"
NAMES = (
    "latest-iso-control",
    "latest-iso-ignored",
    "latest-iso-loop",
    "latest-iso-mixed",
    "latest-main-delegate",
    "may-iso-afterTurn",
    "may-iso-loop",
    "may-main-delegate",
)

pytestmark = needs_recordings

Imported = Callable[..., Library]


@pytest.fixture
def imported(databases: Databases, tmp_path: Path) -> Iterator[Imported]:
    """Import some parts of a recording, one after the other, into a ledger of its own."""
    opened = ExitStack()

    def make(name: str, *parts: str) -> Library:
        library = Library(opened.enter_context(Ledger.open(databases.make())))
        for part in parts:
            folder = tmp_path / name / part
            folder.mkdir(parents=True, exist_ok=True)
            for path in _files(RECORDINGS / name, part):
                if path.is_dir():
                    shutil.copytree(path, folder / path.name, dirs_exist_ok=True)
                else:
                    shutil.copyfile(path, folder / path.name)
            Hosts(library).import_layout(recognise(folder), "g")
        library.refresh()
        return library

    with opened:
        yield make


def _files(recording: Path, part: str) -> Sequence[Path]:
    if part != STORE:
        return [recording / part]
    return [path for path in (recording / "openclaw-agent.sqlite", recording / "sessions") if path.exists()]


def _submitted(library: Library) -> list[tuple[str, int, int, int]]:
    """Give the submitted contexts of isolated ticks: the tick, the number, how many entries, how many replayed."""
    facts = [one.facts for one in LocalAnswers(library).findings("g") if one.code == "replayed-entries"]
    return [
        (one["tick_id"], one["submitted"], one["entries"], one["replayed"])
        for fact in facts
        for one in fact.get("submitted", ())
    ]


def _entries(library: Library) -> dict[str, int]:
    answers = LocalAnswers(library)
    return {one.engine_key: answers.state(one.engine_key, "g").entries for one in library.streams("g")}


@pytest.mark.parametrize("name", [name for name in NAMES if "-iso-" in name and name != "may-iso-afterTurn"])
def test_a_store_adds_no_entry_to_what_its_engine_was_delivered(name: str, imported: Imported) -> None:
    assert _entries(imported(name, LIVE, STORE))[HEARTBEAT] == _entries(imported(name, LIVE))[HEARTBEAT]


@pytest.mark.parametrize("name", NAMES)
def test_a_store_and_a_trace_prove_the_replays_that_the_engines_calls_show(name: str, imported: Imported) -> None:
    assert _submitted(imported(name, STORE, TRACE)) == _submitted(imported(name, LIVE, TRACE))


@pytest.mark.parametrize("name", NAMES)
def test_a_turn_that_was_recorded_is_not_told_of_again_by_its_transcript(name: str, imported: Imported) -> None:
    def turns(*parts: str) -> list[str]:
        listed = LocalAnswers(imported(name, *parts)).listed(TURNS, Selection(gateway="g"), limit=1_000).items
        return [one.event_id for one in listed if one.evidence == "recorded" or one.outcome == "committed"]

    assert len(turns(LIVE, STORE)) == len(turns(LIVE)) == len(turns(STORE, LIVE))


@pytest.mark.parametrize("name", NAMES)
def test_each_entry_is_there_once_whatever_is_imported_first(name: str, imported: Imported) -> None:
    first, last = imported(name, STORE, LIVE, TRACE), imported(name, LIVE, TRACE, STORE)
    assert _entries(first) == _entries(last)
    assert _submitted(first) == _submitted(last)
