"""A store that is broken: what it hides is named, and what can be read is recorded."""

from pathlib import Path

from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.intake.stores import import_store
from tests.infrastructure.openclaw.host.stores import write_broken_index


def test_rows_that_a_broken_index_hides_are_named_and_the_others_are_recorded(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "openclaw-agent.sqlite"
    write_broken_index(path)
    imported = import_store(ledger, str(path), "g", lambda session_key, _session_id: session_key, "full")
    assert imported.recorded == 21  # that the session is listed, and twenty messages
    assert f"{path}:a:20" in [one.place for one in imported.skipped]
    assert any("`.recover`" in one.reason for one in imported.skipped)
