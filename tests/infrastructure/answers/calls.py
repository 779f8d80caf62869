"""A few calls of a host, whose engine keeps all sessions under one key, as a recording."""

import json
from pathlib import Path
from typing import Any

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


def read(ledger: Ledger, folder: Path, lines: list[dict[str, Any]]) -> Library:
    """Record the calls, and give what questions are answered from."""
    (folder / "lines").write_text("\n".join(json.dumps(line) for line in lines))
    Importer(ledger, gateway="g").import_recording(str(folder / "lines"), lambda _bytes: None)
    library = Library(ledger)
    library.refresh()
    return library
