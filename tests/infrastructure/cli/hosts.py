"""A host's state folder as May's release keeps it, with isolated ticks that take in more and more."""

import json
from pathlib import Path
from typing import Any

from tests.infrastructure.openclaw.transcripts import AT, ROUTE, reply, user

BASE = "agent:main:main"


def _time(at: int) -> str:
    seconds, milliseconds = divmod(at % 60_000, 1_000)
    return f"2026-11-23T08:{36 + at // 60_000:02d}:{seconds:02d}.{milliseconds:03d}Z"


def write_tick(folder: Path, number: int, size: int, key: str = ROUTE) -> None:
    """Write the transcript of a tick, and have its key point to it."""
    sessions = folder / "agents" / "main" / "sessions"
    sessions.mkdir(parents=True, exist_ok=True)
    session_id = f"00000000-0000-4000-8000-{number:012d}"
    at = number * 10_000
    header = {"type": "session", "version": 3, "id": session_id, "timestamp": _time(at), "cwd": "/srv"}
    lines: list[dict[str, Any]] = [header]
    for place, message in enumerate((user(at=at), reply(at=at + 1, size=size))):
        entry: dict[str, Any] = {"type": "message", "id": f"e{place}", "parentId": None, "timestamp": _time(at + place)}
        lines.append({**entry, "message": message})
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (sessions / f"{session_id}.jsonl").write_text(text)
    listed: dict[str, Any] = {
        "sessionId": session_id,
        "updatedAt": AT // 1000 + at,
        "heartbeatIsolatedBaseSessionKey": BASE,
    }
    (sessions / "sessions.json").write_text(json.dumps({key: listed}))


def write_host(folder: Path, *sizes: int, key: str = ROUTE) -> Path:
    """Write a folder with a tick for each size of what its first call took in (tokens)."""
    for number, size in enumerate(sizes, 1):
        write_tick(folder, number, size, key)
    return folder
