"""Ticks whose recorder names an engine key that other sessions use too."""

from pathlib import Path
from typing import Any

from infrastructure.answers.audits import findings
from infrastructure.ledger.ledger import Ledger
from tests.infrastructure.answers.calls import HEARTBEAT, MAIN, assembled, committed, read, said


def audited(ledger: Ledger, folder: Path, lines: list[dict[str, Any]]) -> dict[str, Any]:
    library = read(ledger, folder, lines)
    return {finding.code: finding for finding in findings(library)}


def test_a_main_session_that_shares_a_ticks_engine_is_no_tick(ledger: Ledger, tmp_path: Path) -> None:
    tick = said("tick")
    lines = [
        assembled(1, HEARTBEAT, "h1"),
        committed(2, HEARTBEAT, "h1", *tick),
        assembled(3, MAIN, "m1", *tick),
    ]
    assert audited(ledger, tmp_path, lines) == {}


def test_ticks_that_share_an_engine_with_a_main_session_are_found_whichever_came_first(
    ledger: Ledger, tmp_path: Path
) -> None:
    main, tick = said("main"), said("tick")
    lines = [
        assembled(1, MAIN, "m1"),
        committed(2, MAIN, "m1", *main),
        assembled(3, HEARTBEAT, "h1", *main),
        committed(4, HEARTBEAT, "h1", *tick),
        assembled(5, HEARTBEAT, "h2", *tick),
    ]
    found = audited(ledger, tmp_path, lines)
    contexts = found["replayed-entries"].facts["contexts"]
    assert [(one["tick_id"], one["replayed"]) for one in contexts] == [
        (f"{HEARTBEAT}@h1", 2),
        (f"{HEARTBEAT}@h2", 2),
    ]
    assert [[source["tick_id"] for source in one["from"]] for one in contexts] == [[None], [f"{HEARTBEAT}@h1"]]
    assert found["key-shared-across-ticks"].occurrences == 2
