"""Ticks whose recorder names an engine key that other sessions use too."""

import json
from pathlib import Path
from typing import Any

from infrastructure.answers.audits import findings
from infrastructure.answers.library import Library
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer

MAIN, HEARTBEAT = "agent:main:main", "agent:main:main:heartbeat"


def committed(second: int, key: str, session: str, *messages: dict[str, Any]) -> dict[str, Any]:
    return _call("commitTurn", second, key, session, {"messages": list(messages), "isHeartbeat": key == HEARTBEAT})


def assembled(second: int, key: str, session: str, *messages: dict[str, Any]) -> dict[str, Any]:
    return _call("assemble", second, key, session, {"messages": []}) | {"result": {"messages": list(messages)}}


def _call(method: str, second: int, key: str, session: str, params: dict[str, Any]) -> dict[str, Any]:
    named = {"sessionKey": key, "sessionId": session, **params}
    return {"ts": f"2026-11-23T08:00:{second:02d}Z", "method": method, "params": named, "engine_key": "shared"}


def said(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A user's message and the reply to it."""
    at = sum(name.encode())
    asked = {"role": "user", "content": name, "timestamp": at, "idempotencyKey": f"{name}:user"}
    reply = {"role": "assistant", "content": name, "timestamp": at + 1, "responseId": name, "stopReason": "stop"}
    return asked, reply


def audited(ledger: Ledger, folder: Path, lines: list[dict[str, Any]]) -> dict[str, Any]:
    (folder / "lines").write_text("\n".join(json.dumps(line) for line in lines))
    Importer(ledger, gateway="g").import_recording(str(folder / "lines"), lambda _bytes: None)
    library = Library(ledger)
    library.refresh()
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
