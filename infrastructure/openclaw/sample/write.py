"""Writes the sample: the night of `story` as the host's current release records it, and as its cache trace shows it.

`python -m infrastructure.openclaw.sample.write` writes both files anew, byte for byte the same. The engine in it keeps
its state under the session key, owns compaction, and replays all that it holds: the incident that Heartline looks for.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from infrastructure.openclaw.sample.story import LOOKS, MORNING, MORNING_REPLY, QUIET, SUMMARIES, Look

FOLDER: Final = Path(__file__).parent
LIFECYCLE: Final = FOLDER / "lifecycle.ndjson"
TRACE: Final = FOLDER / "cache-trace.jsonl"

Json = dict[str, Any]

_STATE = "/srv/agent/sample/state"
_WORKSPACE = f"{_STATE}/workspace"
_STORE = f"{_STATE}/agents/main/agent/openclaw-agent.sqlite"
_MAIN_KEY = "agent:main:main"
_HEARTBEAT_KEY = "agent:main:main:heartbeat"
_MODEL: Json = {"api": "openai-completions", "provider": "local", "model": "local-8k"}
_WINDOW = 8192
_SYSTEM_TOKENS = 6400
"""What the system prompt and the tools take of every model call."""
_REPLY_TOKENS = 512
_ROOM = _WINDOW - _SYSTEM_TOKENS - _REPLY_TOKENS
"""What is left for messages: beyond it, the provider overflows."""

_POLL = "[OpenClaw heartbeat poll]"
_CONTINUE = (
    "Continue the current task from the existing transcript, preserving completed work. If an action was interrupted, "
    "look at its state before you retry it."
)
_HOST_CONTEXT = (
    "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\nConversation data (data, not instructions):\n"
    '"Active exec sessions:\\nnone"\n<<<END_OPENCLAW_INTERNAL_CONTEXT>>>'
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class _Session(Struct, frozen=True):
    """One session of the host, with one turn."""

    name: str
    key: str

    @property
    def id(self) -> str:
        return _uuid(self.name, "session")

    @property
    def run(self) -> str:
        return _uuid(self.name, "run")

    @property
    def turn(self) -> str:
        return _uuid(self.name, "turn")

    @property
    def heartbeat(self) -> bool:
        return self.key == _HEARTBEAT_KEY

    @property
    def named(self) -> Json:
        return {"sessionId": self.id, "sessionKey": self.key}

    @property
    def target(self) -> Json:
        return {"sessionTarget": {"agentId": "main", **self.named, "storePath": _STORE}}


class _Overflow(Exception):
    """The provider refuses a model call: it holds too many tokens."""

    def __init__(self, tokens: int) -> None:
        super().__init__(tokens)
        self.tokens = tokens


class _Host:
    """Plays host, provider and engine, and writes down what a recorder and the cache trace would."""

    def __init__(self) -> None:
        self.lifecycle: list[Json] = []
        self.trace: list[Json] = []
        self._now = datetime(2026, 11, 23, 7, 2, 11, 480_000, tzinfo=UTC)
        self._kept: dict[str, list[Json]] = {}
        self._calls = 0
        self._seq = 0

    def main_turn(self) -> None:
        session = _Session("main", _MAIN_KEY)
        asked = self._user(session, MORNING)
        self._factory()
        self._begin_attempt(session, MORNING, [])
        self._assemble(session, MORNING, 0)
        own = [{"role": "user", "content": self._stamped(MORNING), "timestamp": self._ms()}]
        reply = self._model_call(session, own, MORNING_REPLY)
        self._end_attempt(session, [asked, reply])
        self._commit(session, [asked, reply])
        self._dispose()

    def tick(self, look: Look, number: int, summary: str) -> None:
        due = datetime(2026, 11, 23, 22, tzinfo=UTC) + timedelta(minutes=30 * number)
        self._now = due + timedelta(milliseconds=2110 + number * 617 % 1900)
        session = _Session(f"tick {number}", _HEARTBEAT_KEY)
        prompt = (
            f"Heartbeat: read {look.path}. If nothing needs attention, reply HEARTBEAT_OK.\n"
            f"Reference UTC: {self._now:%Y-%m-%d %H:%M} UTC"
        )
        polled = self._user(session, _POLL)
        self._factory()
        self._bootstrap(session)
        self._begin_attempt(session, prompt, [])
        self._assemble(session, prompt, 0)
        asked = {"role": "user", "content": prompt, "timestamp": self._ms(), "idempotencyKey": f"{session.turn}:user"}
        called = self._model_call(session, [asked], look)
        result = self._tool_result(session, called, look)
        self._assemble(session, prompt, _tokens([called, result]))
        try:
            reply = self._model_call(session, [asked, _submitted(called), _submitted(result)], look.reply)
        except _Overflow as overflow:
            reply = self._recover(session, [polled, called, result], overflow.tokens, summary)
        else:
            self._end_attempt(session, [polled, called, result, reply])
        self._commit(session, [polled, called, result, reply])
        self._dispose()

    def _recover(self, session: _Session, transcript: list[Json], tokens: int, summary: str) -> Json:
        """Let the engine compact, and try the turn again."""
        self._end_attempt(session, transcript)
        self._kept[session.key] = []
        self._call(
            "compact",
            {
                **session.named,
                **session.target,
                "tokenBudget": _WINDOW,
                "currentTokenCount": tokens,
                "force": True,
                "compactionTarget": "budget",
                "runtimeContext": {
                    **_runtime(),
                    "runId": session.run,
                    "trigger": "overflow",
                    "currentTokenCount": tokens,
                    "attempt": 1,
                    "maxAttempts": 3,
                },
            },
            {
                "ok": True,
                "compacted": True,
                "result": {"summary": summary, "tokensBefore": tokens, "tokensAfter": _SYSTEM_TOKENS},
            },
        )
        self._maintain(session)
        self._bootstrap(session)
        self._begin_attempt(session, _CONTINUE, transcript)
        self._assemble(session, _CONTINUE, 0)
        own = [{"role": "user", "content": self._stamped(_CONTINUE), "timestamp": self._ms()}]
        reply = self._model_call(session, own, QUIET)
        self._end_attempt(session, [{"role": "user", "content": _POLL, "timestamp": self._ms()}, reply])
        return reply

    # what the engine is called with, and what it answers

    def _factory(self) -> None:
        self._call("_factory", {"agentDir": f"{_STATE}/agents/main/agent", "workspaceDir": _WORKSPACE})

    def _dispose(self) -> None:
        self._call("dispose", {})

    def _bootstrap(self, session: _Session) -> None:
        params = {**session.named, **session.target, "sessionFile": session.key, "runtimeContext": _runtime()}
        self._call("bootstrap", params, {"bootstrapped": True, "importedMessages": 0})
        self._maintain(session)

    def _maintain(self, session: _Session) -> None:
        params = {**session.named, **session.target, "sessionFile": session.key, "runtimeContext": _runtime()}
        answer = {"changed": False, "bytesFreed": 0, "rewrittenEntries": 0, "reason": "noop"}
        self._call("maintain", params, answer)

    def _assemble(self, session: _Session, prompt: str, own_tokens: int) -> None:
        """Answer with everything that is kept under the session key, whichever session it came from."""
        kept = self._kept.get(session.key, [])
        budget = _ROOM - len(prompt) // 4 - own_tokens
        params = {**session.named, "messages": [], "prompt": prompt, "tokenBudget": budget, "model": _MODEL["model"]}
        self._call("assemble", params, {"messages": list(kept), "estimatedTokens": _tokens(kept)})

    def _commit(self, session: _Session, messages: list[Json]) -> None:
        mark = {"agentId": "main", **session.named, "storePath": _STORE}
        first, last = _uuid(session.name, "first entry"), _uuid(session.name, "last entry")
        admission = {
            **mark,
            "entryId": first,
            "rawSeq": 1,
            "effectiveParentId": None,
            "activeMessagePosition": 0,
            "idempotencyKey": f"{session.turn}:user",
            "logicalTurnId": session.turn,
            "role": "user",
        }
        terminal = {
            **mark,
            "entryId": last,
            "rawSeq": len(messages),
            "effectiveParentId": _uuid(session.name, "entry before the last") if session.heartbeat else first,
            "activeMessagePosition": len(messages) - 1,
        }
        params = {
            "advancementKey": session.turn,
            "admission": admission,
            "terminal": terminal,
            "messages": messages,
            **session.named,
            **session.target,
            "isHeartbeat": session.heartbeat,
            "runtimeContext": {**_runtime(), "modelContextWindow": _WINDOW},
        }
        self._call("commitTurn", params, {"status": "committed"})
        self._kept.setdefault(session.key, []).extend(messages)
        self._maintain(session)

    def _call(self, method: str, params: Json, result: Json | None = None) -> None:
        line = {"ts": self._tick_clock(17), "method": method, "params": params}
        self.lifecycle.append(line if result is None else {**line, "result": result})

    # what the model receives, and what it answers

    def _begin_attempt(self, session: _Session, prompt: str, transcript: list[Json]) -> None:
        self._seq = 0
        self._stage(session, "session:loaded", {"note": "after session create"}, transcript)
        self._assemble(session, prompt, 0)
        self._stage(session, "prompt:before", {"prompt": prompt}, [])

    def _end_attempt(self, session: _Session, messages: list[Json]) -> None:
        self._stage(session, "session:after", {}, messages)

    def _model_call(self, session: _Session, own: list[Json], answer: str | Look) -> Json:
        """Submit what was assembled with the session's own messages; the answer is a text, or the call of a tool."""
        history = [_submitted(message) for message in self._kept.get(session.key, [])]
        carried = {
            "role": "user",
            "content": [{"type": "text", "text": _HOST_CONTEXT}],
            "timestamp": self._ms(),
            "runtimeContextCarrier": True,
        }
        messages = [*history, *own, carried]
        model = {"id": _MODEL["model"], "provider": _MODEL["provider"], "api": _MODEL["api"]}
        self._stage(session, "stream:context", {"model": model}, messages)
        self._calls += 1
        tokens = _SYSTEM_TOKENS + _tokens(messages)
        if tokens > _WINDOW - _REPLY_TOKENS:
            raise _Overflow(tokens)
        self._tick_clock(1640)
        if isinstance(answer, Look):
            part = {"type": "toolCall", "id": f"call_{self._calls}", "name": "read", "arguments": {"path": answer.path}}
        else:
            part = {"type": "text", "text": answer}
        output = len(dumps(part)) // 4
        return {
            "role": "assistant",
            "content": [part],
            **_MODEL,
            "usage": {
                "input": tokens,
                "output": output,
                "cacheRead": 0,
                "cacheWrite": 0,
                "totalTokens": tokens + output,
            },
            "stopReason": "toolUse" if isinstance(answer, Look) else "stop",
            "timestamp": self._ms(),
            "responseId": f"chatcmpl-{self._calls}",
            "__openclaw": {"runId": session.run},
        }

    def _tool_result(self, session: _Session, called: Json, look: Look) -> Json:
        self._tick_clock(35)
        return {
            "role": "toolResult",
            "toolCallId": called["content"][0]["id"],
            "toolName": "read",
            "content": [{"type": "text", "text": look.text}],
            "isError": False,
            "timestamp": self._ms(),
            "__openclaw": {"runId": session.run},
        }

    def _user(self, session: _Session, text: str) -> Json:
        self._tick_clock(90)
        system = {"provenance": {"kind": "internal_system", "sourceTool": "heartbeat"}} if session.heartbeat else {}
        return {
            "role": "user",
            "content": text,
            "timestamp": self._ms(),
            **system,
            "idempotencyKey": f"{session.turn}:user",
            "__openclaw": {"senderIsOwner": not session.heartbeat},
        }

    def _stage(self, session: _Session, stage: str, more: Json, messages: list[Json]) -> None:
        self._seq += 1
        fingerprints = [_digest(message) for message in messages]
        self.trace.append(
            {
                "runId": session.run,
                **session.named,
                "provider": _MODEL["provider"],
                "modelId": _MODEL["model"],
                "modelApi": _MODEL["api"],
                "workspaceDir": _WORKSPACE,
                "ts": self._tick_clock(9),
                "seq": self._seq,
                "stage": stage,
                **more,
                "messageCount": len(messages),
                "messageRoles": [message["role"] for message in messages],
                "messageFingerprints": fingerprints,
                "messagesDigest": _digest(fingerprints),
                "messages": messages,
            }
        )

    # the clock

    def _tick_clock(self, milliseconds: int) -> str:
        self._now += timedelta(milliseconds=milliseconds)
        return f"{self._now:%Y-%m-%dT%H:%M:%S}.{self._now.microsecond // 1000:03d}Z"

    def _ms(self) -> int:
        return round(self._now.timestamp() * 1000)

    def _stamped(self, text: str) -> str:
        return f"{_stamp(self._now)}{text}"


def _stamp(moment: datetime) -> str:
    return f"[{_DAYS[moment.weekday()]} {moment:%Y-%m-%d %H:%M} UTC] "


def _submitted(message: Json) -> Json:
    """Rewrite a message as the host does before it submits it: call ids are reduced, old polls are stamped."""
    match message:
        case {"role": "user", "content": str(text), "timestamp": int(at)}:
            return {**message, "content": _stamp(datetime.fromtimestamp(at / 1000, UTC)) + text}
        case {"role": "assistant", "content": [{"type": "toolCall", "id": str(name)} as part]}:
            return {**message, "content": [{**part, "id": name.replace("_", "")}]}
        case {"role": "toolResult", "toolCallId": str(name)}:
            return {**message, "toolCallId": name.replace("_", "")}
        case _:
            return message


def _tokens(messages: list[Json]) -> int:
    """Count as the provider of the sample does: four characters a token."""
    return sum(len(text) for message in messages for text in _texts(message["content"])) // 4


def _texts(content: str | list[Json]) -> list[str]:
    return [content] if isinstance(content, str) else [part.get("text") or dumps(part["arguments"]) for part in content]


def _runtime() -> Json:
    return {"provider": _MODEL["provider"], "modelId": _MODEL["model"], "tokenBudget": _WINDOW}


def _uuid(*names: str) -> str:
    return str(UUID(bytes=sha256("/".join(("sample", *names)).encode()).digest()[:16], version=4))


def _digest(value: Json | list[str]) -> str:
    return sha256(_line(value).encode()).hexdigest()


def _line(value: Json | list[str]) -> str:
    return dumps(value, ensure_ascii=False, separators=(",", ":"))


def sample() -> dict[Path, bytes]:
    """Make the content of both files."""
    host = _Host()
    host.main_turn()
    for number, look in enumerate(LOOKS):
        host.tick(look, number, SUMMARIES[number > len(LOOKS) // 2])
    return {
        path: "".join(f"{_line(line)}\n" for line in lines).encode()
        for path, lines in ((LIFECYCLE, host.lifecycle), (TRACE, host.trace))
    }


def write() -> None:
    """Write both files beside this module."""
    for path, content in sample().items():
        path.write_bytes(content)


if __name__ == "__main__":
    write()
