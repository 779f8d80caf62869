"""Lines as May's host writes them."""

import json
from datetime import UTC, datetime
from pathlib import Path

from infrastructure.openclaw.host.trajectory_events import SCHEMA

SESSION = "5961853f-d9e4-44d9-92e3-eb5c760d0258"
OTHER = "213942cf-0e23-40de-886a-b270c344a21a"
BEGAN = 1_795_423_162_000
"""ms since the Unix epoch."""


def encoded(held: object) -> bytes:
    return json.dumps(held, separators=(",", ":"), ensure_ascii=False).encode()


def time(after: int = 0) -> str:
    at = datetime.fromtimestamp((BEGAN + after) / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def header(session_id: str = SESSION, **more: object) -> bytes:
    return encoded({"type": "session", "version": 3, "id": session_id, "timestamp": time(), "cwd": "/srv"} | more)


def entry(kind: str, number: int, parent: int | None = None, **more: object) -> bytes:
    """An entry that hangs on the one before it, or on `parent` (-1 is none)."""
    before = number - 1 if parent is None else parent
    own = {"id": f"e{number}", "parentId": None if before < 0 else f"e{before}", "timestamp": time(number)}
    return encoded({"type": kind} | own | more)


def said(number: int, role: str = "user", text: str = "hello", parent: int | None = None) -> bytes:
    message = {"role": role, "content": [{"type": "text", "text": text}], "timestamp": BEGAN + number}
    return entry("message", number, parent, message=message)


def event(kind: str, seq: int, run: str | None = "run", after: int = 0, **data: object) -> bytes:
    """An event of a trajectory."""
    held = {"traceSchema": SCHEMA, "schemaVersion": 1, "traceId": SESSION, "source": "runtime", "type": kind}
    held |= {"ts": time(after or seq), "seq": seq, "sourceSeq": seq, "sessionId": SESSION, "sessionKey": "agent:main:x"}
    return encoded(held | ({"runId": run} if run else {}) | {"modelId": "fake-model", "data": data})


def written(path: Path, *lines: bytes, end: bytes = b"\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\n".join(lines) + end)
    return path


def appended(path: Path, *lines: bytes, end: bytes = b"\n") -> None:
    with path.open("ab") as stream:
        stream.write(b"\n".join(lines) + end)
