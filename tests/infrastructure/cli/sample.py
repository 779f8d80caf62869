"""What tests of the command line ask for and are given."""

import json
from pathlib import Path

KEY = "agent:main:main:heartbeat"
SAMPLE = (KEY, "--gateway", "sample")
STRANGE_KEY = "agent:main:глагол-🜂"
UNREACHABLE = "postgresql://someone:swordfish@127.0.0.1:1/nowhere"

IMPORT_KEYS = {"source", "gateway", "lines", "recorded", "duplicates", "ignored", "rejected", "streams", "events"}
STREAM_KEYS = {
    *("gateway", "engine_key", "routing_key", "session_id", "kind", "phase", "events", "first_at", "last_at"),
}
EVENT_KEYS = {
    *("event_id", "cursor", "partition", "position", "gateway", "engine_key", "version", "type"),
    *("occurred_at", "recorded_at", "evidence", "data"),
}
CONTEXT_KEYS = {
    *("engine_key", "call", "tick_id", "basis", "digest", "tokens", "budget", "prompt", "entries"),
    *("committed_later", "absent"),
}
ENTRY_KEYS = {"index", "role", "revision", "tokens", "text", "origin"}
ORIGIN_KEYS = {"engine_key", "version", "session_id", "tick_id", "foreign"}
FINDING_KEYS = {
    *("code", "severity", "status", "gateway", "routing_key", "engine_key", "tick_id", "first_at", "last_at"),
    *("occurrences", "summary", "advice", "evidence", "facts"),
}


def line(method: str, params: dict[str, object] | str | None = None, **envelope: object) -> bytes:
    given = params if isinstance(params, str) else {"sessionId": "s", "sessionKey": "k"} | (params or {})
    return json.dumps({"ts": "2026-11-25T08:00:00Z", "method": method, "params": given} | envelope).encode()


def written(folder: Path, name: str, *lines: bytes) -> str:
    path = folder / name
    path.write_bytes(b"\n".join(lines) + b"\n")
    return str(path)


def shown(given: object) -> str:
    return " ".join(given)[:60] if isinstance(given, tuple) else str(given)
