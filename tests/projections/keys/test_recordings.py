"""The keys of the recordings: every session of every engine, as the lines themselves name it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.answers.keys import KEYS, KeyAnswer
from infrastructure.answers.library import Library
from infrastructure.answers.listing import Selection
from infrastructure.answers.local import LocalAnswers
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from tests.shared import RECORDINGS, needs_recordings

pytestmark = needs_recordings

NAMES = sorted(folder.name for folder in RECORDINGS.iterdir()) if RECORDINGS.is_dir() else []


def listed(ledger: Ledger, name: str, *, trace: bool) -> list[KeyAnswer]:
    folder = RECORDINGS / name
    Importer(ledger, gateway="g").import_recording(
        str(folder / "lifecycle.ndjson"), lambda _bytes: None, str(folder / "cache-trace.jsonl") if trace else None
    )
    return LocalAnswers(Library(ledger)).listed(KEYS, Selection(), limit=10_000).items


def named(path: Path) -> Iterator[tuple[str, str]]:
    """Give engine key and session of each call that has them."""
    for line in path.read_bytes().splitlines():
        call = json.loads(line)
        params = call.get("params") or {}
        if params.get("sessionKey") and params.get("sessionId") and not call["method"].startswith(("_", "dispose")):
            yield params["sessionKey"], params["sessionId"]


@pytest.mark.parametrize("name", NAMES)
def test_every_session_that_was_named_is_listed_with_its_engine(ledger: Ledger, name: str) -> None:
    known = {(one.engine_key, one.session_id) for one in listed(ledger, name, trace=True)}
    assert known == set(named(RECORDINGS / name / "lifecycle.ndjson"))


@pytest.mark.parametrize("name", NAMES)
def test_the_transcript_is_one_that_a_call_of_the_session_named(ledger: Ledger, name: str) -> None:
    lines = (RECORDINGS / name / "lifecycle.ndjson").read_text(encoding="utf-8").splitlines()
    for one in listed(ledger, name, trace=False):
        own = [line for line in lines if f'"{one.session_id}"' in line]
        assert one.transcript
        assert any(json.dumps(one.transcript) in line for line in own)
