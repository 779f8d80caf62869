"""A made-up recording of a host, big enough to be killed in: sessions, ticks, replays, compactions, and its trace."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any

from msgspec import Struct

BEGAN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
AGENTS = ("main", "ops", "ünï\u2028code")
WINDOW = 10
"""How many messages a context holds at most, so that lines stay small."""


class Recording(Struct, frozen=True):
    """Lines without their ends. So many of the lifecycle's are delivered twice, or under the id of another one."""

    lifecycle: list[bytes]
    trace: list[bytes]
    twice: int
    conflicting: int


def make_recording(seed: int, rounds: int) -> Recording:
    """Make the same recording for the same seed; each round is some thirty lines of all agents."""
    host = Host(Random(seed))
    for number in range(rounds):
        for agent in AGENTS:
            host.turn(f"agent:{agent}:main", f"main of {agent}")
        host.turn("agent:main:main:heartbeat", f"shared tick {number}", replaying="agent:main:main:heartbeat")
        host.isolated_tick(AGENTS[number % len(AGENTS)], number)
        if number % 5 == 0:
            host.subagent("agent:main:main", number)
    return host.recording()


class Host:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._lifecycle: list[bytes] = []
        self._trace: list[bytes] = []
        self._histories: dict[str, list[dict[str, Any]]] = {}
        self._engine: dict[str, str] = {}
        self._count = 0

    def recording(self) -> Recording:
        """Add what must not be recorded: lines that come again, and other content under ids that are known."""
        lines = self._lifecycle
        twice = [line for line in lines if b'"method":"maintain"' in line][::50]
        named = [json.loads(line) for line in lines if b'"id":' in line][::50]
        conflicting = [_line({**one, "ts": "2027-01-01T00:00:00Z"}) for one in named]
        half = len(lines) // 2
        again = [line for line in twice if line in lines[:half]]
        rest = [line for line in twice if line not in again]
        mixed = [*lines[:half], *again, *lines[half:], *rest, *conflicting]
        return Recording(mixed, self._trace, len(twice), len(conflicting))

    def turn(self, session_key: str, session_id: str, replaying: str | None = None) -> None:
        """Record a turn as a host does: instance, bootstrap, context, delivery, tidying up, and now and then more."""
        history = self._histories.setdefault(replaying or session_key + session_id, [])
        session = {"sessionId": session_id, "sessionKey": session_key}
        prompt, reply = self._message("user"), self._message("assistant")
        if "heartbeat" in session_key:
            reply["content"] = [{"type": "text", "text": "HEARTBEAT_OK"}]
        self._call("_factory", {"agentDir": "/srv/agent"})
        self._call("bootstrap", session, {"bootstrapped": True, "importedMessages": 0})
        asked = {**session, "messages": history[-WINDOW:], "tokenBudget": 32000, "prompt": prompt["content"]}
        answer = {"messages": history[-WINDOW:], "estimatedTokens": 100 * len(history)}
        self._call("assemble", asked, answer)
        self._submit(session, [*history[-WINDOW:], prompt], prompt["content"])
        if self._random.random() < 0.2:
            self._overflow(session)
        if self._random.random() < 0.5:
            before = history[-WINDOW // 2 :]
            told = {**session, "messages": [*before, prompt, reply], "prePromptMessageCount": len(before)}
            self._call("afterTurn", told)
        else:
            key = self._id("turn")
            self._call(
                "commitTurn",
                {**session, "messages": [prompt, reply], "advancementKey": key, "admission": {"logicalTurnId": key}},
                {"status": "committed"},
            )
        self._call("maintain", session, {"changed": False, "bytesFreed": 0, "reason": "noop"})
        self._call("dispose", {})
        history += [prompt, reply]

    def isolated_tick(self, agent: str, number: int) -> None:
        """A tick with an engine key of its own, whose calls touch the stream of its routing key besides."""
        session_id = f"tick-{number}-{self._random.getrandbits(32):08x}"
        base = f"agent:{agent}:main"
        self._engine = {"engine_key": f"{base}:heartbeat-run:{session_id}"}
        self.turn(f"{base}:heartbeat", session_id)
        self._engine = {}

    def subagent(self, parent: str, number: int) -> None:
        child = f"agent:main:subagent:{number}"
        pair = {"parentSessionKey": parent, "childSessionKey": child, "contextMode": "fork"}
        self._call("prepareSubagentSpawn", pair)
        for _ in range(2):
            message = self._message("user")
            self._call("ingest", {"sessionId": f"child {number}", "sessionKey": child, "message": message})
        self._call("onSubagentEnded", {"childSessionKey": child, "reason": "completed"})

    def _overflow(self, session: dict[str, Any]) -> None:
        asked = {**session, "force": True, "compactionTarget": "budget", "currentTokenCount": 40000}
        circumstances = {"trigger": self._random.choice(["overflow", "manual"])}
        summary = {"summary": f"what was said up to {self._count}", "tokensBefore": 40000, "tokensAfter": 100}
        answer = {"ok": True, "compacted": True, "result": summary}
        self._call("compact", {**asked, "tokenBudget": 32000, "runtimeContext": circumstances}, answer)

    def _message(self, role: str) -> dict[str, Any]:
        number, text = self._id(""), self._random.choice(["hello", "naïve \u2028 ☃", "x" * 300, "\\u0000 and such"])
        said = f"{role} {number}: {text}"
        message: dict[str, Any] = {"role": role, "timestamp": 1795423162000 + self._count}
        if role == "user":
            return {**message, "content": said, "idempotencyKey": f"{number}:user"}
        return {
            **message,
            "content": [{"type": "text", "text": said}],
            "responseId": f"re{number}",
            "stopReason": "stop",
        }

    def _submit(self, session: dict[str, Any], messages: list[dict[str, Any]], prompt: str) -> None:
        stage = {**session, "runId": self._id("run"), "modelId": "fake-model"}
        self._trace.append(_line({**stage, "ts": self._now(), "stage": "prompt:before", "prompt": prompt}))
        listed = {
            "messageCount": len(messages),
            "messageRoles": [message["role"] for message in messages],
            "messageFingerprints": [sha256(_line(message)).hexdigest() for message in messages],
            "messages": messages,
        }
        self._trace.append(_line({**stage, **listed, "ts": self._now(), "stage": "stream:context"}))

    def _call(self, method: str, params: dict[str, Any], result: dict[str, Any] | None = None) -> None:
        line: dict[str, Any] = {"ts": self._now(), "method": method, "params": params, **self._engine}
        if result is not None:
            line["result"] = result
        if self._random.random() < 0.3 and method not in ("_factory", "dispose"):
            line["id"] = self._id("delivery")
        self._lifecycle.append(_line(line))

    def _id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"

    def _now(self) -> str:
        at = BEGAN + timedelta(seconds=len(self._lifecycle), milliseconds=self._count % 1000)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def ended(lines: list[bytes]) -> Iterator[bytes]:
    return (line + b"\n" for line in lines)
