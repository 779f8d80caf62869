"""Importing a host's cache trace while the host writes it."""

from pathlib import Path

from domain.events import PromptSubmitted, decode
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.intake.traces import import_traces
from tests.shared import RECORDINGS, needs_recordings


def submitted(ledger: Ledger, gateway: str) -> list[PromptSubmitted]:
    keys = ("agent:main:main", "agent:main:main:heartbeat")
    events = [decode(row.payload) for key in keys for row in ledger.stream(gateway, key)]
    return [event for event in events if isinstance(event, PromptSubmitted)]


@needs_recordings
def test_a_trace_that_grows_between_two_imports_says_the_same_as_a_whole_one(ledger: Ledger, tmp_path: Path) -> None:
    lines = (RECORDINGS / "latest-iso-mixed" / "cache-trace.jsonl").read_bytes().splitlines(keepends=True)
    for gateway, ends in (("whole", [len(lines)]), ("grown", [*range(5, len(lines), 4), len(lines)])):
        path = tmp_path / gateway / "cache-trace.jsonl"
        path.parent.mkdir()
        for end in ends:
            path.write_bytes(b"".join(lines[:end]))
            import_traces(ledger, [str(path)], gateway, lambda session_key, _session_id: session_key, "full")
    whole, grown = (submitted(ledger, gateway) for gateway in ("whole", "grown"))
    assert len(whole) == 12
    assert [event.prompt is not None for event in grown] == [event.prompt is not None for event in whole]
    assert len(grown) == len(whole)
