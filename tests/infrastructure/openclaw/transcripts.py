"""Transcripts of sessions, as a host's readers tell them, and how they get into a ledger."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.host.records import Place, SessionWindow, TranscriptMessage
from infrastructure.openclaw.intake.stored import OpenTick, Stream, listed, told
from infrastructure.recorder.deliveries import Delivery, Recorded
from infrastructure.recorder.recorder import Recorder

AT = 1_795_423_000_000_000
ROUTE = "agent:main:main:heartbeat"
MAIN = "agent:main:main"
SOURCE = b"store-1"
POLL = "[OpenClaw heartbeat poll]"
CALL = {"type": "toolCall", "id": "call_1", "name": "read", "arguments": {"path": "notes.txt"}}
USAGE = {"input": 3_700, "output": 5, "cacheRead": 0, "cacheWrite": 0}


def stream(session_key: str = ROUTE, source: bytes = SOURCE) -> Stream:
    return Stream("g", session_key, session_key, source)


def window(session_id: str, **said: Any) -> SessionWindow:
    fields: dict[str, Any] = {
        "session_key": ROUTE,
        "agent": "main",
        "current": True,
        "created_at": AT,
        "updated_at": AT,
    }
    return SessionWindow(place=Place("store", "", 1), session_id=session_id, **{**fields, **said})


def user(text: str = POLL, at: int = 0, key: str = "") -> dict[str, Any]:
    return {"role": "user", "content": text, "timestamp": AT // 1000 + at, "idempotencyKey": key or f"{at}:user"}


def reply(text: str = "HEARTBEAT_OK", at: int = 1, stop: str = "stop", size: int = 3_700) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": [{"type": "text", "text": text}] if stop != "toolUse" else [CALL],
        "timestamp": AT // 1000 + at,
        "responseId": f"chatcmpl-{at}",
        "stopReason": stop,
        "usage": {**USAGE, "input": size},
    }


def kept(session_id: str, *messages: dict[str, Any]) -> list[TranscriptMessage]:
    return [
        TranscriptMessage(
            place=Place("store", session_id, number),
            session_id=session_id,
            at=message["timestamp"] * 1000,
            raw=json.dumps(message).encode(),
            entry_id=f"entry-{number}",
        )
        for number, message in enumerate(messages, 1)
    ]


def deliveries(place: Stream, messages: Iterable[TranscriptMessage]) -> list[Delivery]:
    tick: OpenTick | None = None
    made: list[Delivery] = []
    for one in messages:
        some, tick = told(place, one, tick)
        made += some
    return made


def record_session(ledger: Ledger, session_id: str, *messages: dict[str, Any], key: str = ROUTE) -> Sequence[Recorded]:
    """Record what a store tells of a session: that it is listed, and its messages."""
    place = stream(key)
    made = [listed(place, window(session_id, session_key=key)), *deliveries(place, kept(session_id, *messages))]
    return Recorder(ledger).record(made)
