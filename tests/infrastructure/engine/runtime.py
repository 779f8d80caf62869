"""A runtime as tests drive one: requests in JSON, one at a time or as a batch, and what is answered."""

import json
from typing import Any

from msgspec.json import encode

from domain.errors import HeartlineError
from infrastructure.engine.answers import AnyAnswer, Assembled
from infrastructure.engine.context_engine import ContextEngine, serve
from infrastructure.engine.requests import (
    AnyRequest,
    AssembleRequest,
    CommitRequest,
    CompactRequest,
    DispatchRequest,
    DisposeRequest,
    FailRequest,
    MaintainRequest,
    OpenRequest,
    OverflowRequest,
    RecordRequest,
    SettleRequest,
    SkipRequest,
    read_request,
)
from infrastructure.ledger.ledger import Ledger
from infrastructure.recorder.recorder import Recorder

GATEWAY = "laptop"
ROUTING_KEY = "agent:main:main:heartbeat"
SESSION = "tick-1"
KEY = f"agent:main:main:heartbeat-run:{SESSION}"
NOW = 1_788_856_922_000_000
"""µs: 2026-09-08T08:42:02Z."""

Json = dict[str, Any]

KINDS: dict[str, type[Any]] = {
    "open": OpenRequest,
    "record": RecordRequest,
    "assemble": AssembleRequest,
    "commit": CommitRequest,
    "fail": FailRequest,
    "overflow": OverflowRequest,
    "compact": CompactRequest,
    "maintain": MaintainRequest,
    "dispose": DisposeRequest,
    "dispatch": DispatchRequest,
    "skip": SkipRequest,
    "settle": SettleRequest,
}
_TICKS = {"dispatch", "skip", "settle"}
_SESSIONLESS = {"dispose", "skip", "settle"}


def request(what: str, **fields: Any) -> AnyRequest:
    """Write a request as JSON, and read it as the service does."""
    said: Json = {"gateway": GATEWAY}
    said |= {"routing_key": ROUTING_KEY} if what in _TICKS else {"engine_key": KEY}
    said |= {} if what in _SESSIONLESS else {"session_id": SESSION}
    read: AnyRequest = read_request(KINDS[what], json.dumps(said | fields).encode())
    return read


def message(role: str, text: str, number: int, **more: Any) -> Json:
    return {"role": role, "timestamp": NOW // 1000 + number, "content": text, **more}


def calling(number: int, call: str, tool: str = "read") -> Json:
    parts = [{"type": "toolCall", "id": call, "name": tool, "arguments": {"path": "/var/log"}}]
    return {"role": "assistant", "timestamp": NOW // 1000 + number, "content": parts, "responseId": f"re-{number}"}


def result(number: int, call: str, text: str) -> Json:
    return message("toolResult", text, number, toolCallId=call, toolName="read")


def exchange(number: int, size: int = 40) -> list[Json]:
    """What a turn commits: a user's message and the reply, of so many characters each."""
    asked = message("user", f"ask {number} ".ljust(size, "?"), 10 * number)
    return [asked, message("assistant", f"answer {number} ".ljust(size, "!"), 10 * number + 1)]


class Runtime:
    """One process's recorder and context engine."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.recorder = Recorder(ledger)
        self.engine = ContextEngine(ledger)

    def batch(self, *requests: AnyRequest) -> list[AnyAnswer | HeartlineError]:
        return serve(self.engine, self.recorder, requests, NOW)

    def ask(self, what: str, **fields: Any) -> Any:
        """Ask, and raise what is refused."""
        (answer,) = self.batch(request(what, **fields))
        if isinstance(answer, HeartlineError):
            raise answer
        return answer

    def turns(self, first: int, last: int, size: int = 40) -> None:
        for number in range(first, last + 1):
            self.ask("assemble", budget=100_000)
            self.ask("commit", advancement_key=f"turn-{number}", messages=exchange(number, size))

    @property
    def version(self) -> int:
        return self.ledger.version(GATEWAY, KEY) or 0


def written(answer: Any) -> bytes:
    """An answer as it goes over the wire."""
    return encode(answer)


def texts(answer: Assembled) -> list[str]:
    return [json.loads(bytes(one))["content"] for one in answer.messages]


def numbers(answer: Assembled) -> list[int]:
    return [one.entry for one in answer.entries]
