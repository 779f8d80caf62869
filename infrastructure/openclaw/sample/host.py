"""Plays the host of the sample, its provider and its engine, which keeps its state under the session key."""

from datetime import UTC, datetime, timedelta
from json import dumps

from infrastructure.openclaw.sample.session import (
    CONTINUE,
    HEARTBEAT_KEY,
    HOST_CONTEXT,
    MAIN_KEY,
    MODEL,
    POLL,
    REPLY_TOKENS,
    ROOM,
    STATE,
    STORE,
    SYSTEM_TOKENS,
    WINDOW,
    WORKSPACE,
    Json,
    Session,
    digest,
    runtime,
    stamp,
    submitted,
    tokens_of,
    uuid,
)
from infrastructure.openclaw.sample.story import MORNING, MORNING_REPLY, QUIET, Look


class Overflow(Exception):
    """The provider refuses a model call: it holds too many tokens."""

    def __init__(self, tokens: int) -> None:
        super().__init__(tokens)
        self.tokens = tokens


class Host:
    """Plays host, provider and engine, and writes down what a recorder and the cache trace would."""

    def __init__(self) -> None:
        self.lifecycle: list[Json] = []
        self.trace: list[Json] = []
        self._now = datetime(2026, 11, 23, 7, 2, 11, 480_000, tzinfo=UTC)
        self._kept: dict[str, list[Json]] = {}
        self._calls = 0
        self._seq = 0

    def main_turn(self) -> None:
        """Have the main session say good morning."""
        session = Session("main", MAIN_KEY)
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
        """Have a heartbeat look at something."""
        due = datetime(2026, 11, 23, 22, tzinfo=UTC) + timedelta(minutes=30 * number)
        self._now = due + timedelta(milliseconds=2110 + number * 617 % 1900)
        session = Session(f"tick {number}", HEARTBEAT_KEY)
        prompt = (
            f"Heartbeat: read {look.path}. If nothing needs attention, reply HEARTBEAT_OK.\n"
            f"Reference UTC: {self._now:%Y-%m-%d %H:%M} UTC"
        )
        polled = self._user(session, POLL)
        self._factory()
        self._bootstrap(session)
        self._begin_attempt(session, prompt, [])
        self._assemble(session, prompt, 0)
        asked = {"role": "user", "content": prompt, "timestamp": self._ms(), "idempotencyKey": f"{session.turn}:user"}
        called = self._model_call(session, [asked], look)
        result = self._tool_result(session, called, look)
        self._assemble(session, prompt, tokens_of([called, result]))
        try:
            reply = self._model_call(session, [asked, submitted(called), submitted(result)], look.reply)
        except Overflow as overflow:
            reply = self._recover(session, [polled, called, result], overflow.tokens, summary)
        else:
            self._end_attempt(session, [polled, called, result, reply])
        self._commit(session, [polled, called, result, reply])
        self._dispose()

    def _recover(self, session: Session, transcript: list[Json], tokens: int, summary: str) -> Json:
        """Let the engine compact, and try the turn again."""
        self._end_attempt(session, transcript)
        self._kept[session.key] = []
        self._call(
            "compact",
            {
                **session.named,
                **session.target,
                "tokenBudget": WINDOW,
                "currentTokenCount": tokens,
                "force": True,
                "compactionTarget": "budget",
                "runtimeContext": {
                    **runtime(),
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
                "result": {"summary": summary, "tokensBefore": tokens, "tokensAfter": SYSTEM_TOKENS},
            },
        )
        self._maintain(session)
        self._bootstrap(session)
        self._begin_attempt(session, CONTINUE, transcript)
        self._assemble(session, CONTINUE, 0)
        own = [{"role": "user", "content": self._stamped(CONTINUE), "timestamp": self._ms()}]
        reply = self._model_call(session, own, QUIET)
        self._end_attempt(session, [{"role": "user", "content": POLL, "timestamp": self._ms()}, reply])
        return reply

    # what the engine is called with, and what it answers

    def _factory(self) -> None:
        self._call("_factory", {"agentDir": f"{STATE}/agents/main/agent", "workspaceDir": WORKSPACE})

    def _dispose(self) -> None:
        self._call("dispose", {})

    def _bootstrap(self, session: Session) -> None:
        params = {**session.named, **session.target, "sessionFile": session.key, "runtimeContext": runtime()}
        self._call("bootstrap", params, {"bootstrapped": True, "importedMessages": 0})
        self._maintain(session)

    def _maintain(self, session: Session) -> None:
        params = {**session.named, **session.target, "sessionFile": session.key, "runtimeContext": runtime()}
        answer = {"changed": False, "bytesFreed": 0, "rewrittenEntries": 0, "reason": "noop"}
        self._call("maintain", params, answer)

    def _assemble(self, session: Session, prompt: str, own_tokens: int) -> None:
        """Answer with everything that is kept under the session key, whichever session it came from."""
        kept = self._kept.get(session.key, [])
        budget = ROOM - len(prompt) // 4 - own_tokens
        params = {**session.named, "messages": [], "prompt": prompt, "tokenBudget": budget, "model": MODEL["model"]}
        self._call("assemble", params, {"messages": list(kept), "estimatedTokens": tokens_of(kept)})

    def _commit(self, session: Session, messages: list[Json]) -> None:
        mark = {"agentId": "main", **session.named, "storePath": STORE}
        first, last = uuid(session.name, "first entry"), uuid(session.name, "last entry")
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
            "effectiveParentId": uuid(session.name, "entry before the last") if session.heartbeat else first,
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
            "runtimeContext": {**runtime(), "modelContextWindow": WINDOW},
        }
        self._call("commitTurn", params, {"status": "committed"})
        self._kept.setdefault(session.key, []).extend(messages)
        self._maintain(session)

    def _call(self, method: str, params: Json, result: Json | None = None) -> None:
        line = {"ts": self._tick_clock(17), "method": method, "params": params}
        self.lifecycle.append(line if result is None else {**line, "result": result})

    # what the model receives, and what it answers

    def _begin_attempt(self, session: Session, prompt: str, transcript: list[Json]) -> None:
        self._seq = 0
        self._stage(session, "session:loaded", {"note": "after session create"}, transcript)
        self._assemble(session, prompt, 0)
        self._stage(session, "prompt:before", {"prompt": prompt}, [])

    def _end_attempt(self, session: Session, messages: list[Json]) -> None:
        self._stage(session, "session:after", {}, messages)

    def _model_call(self, session: Session, own: list[Json], answer: str | Look) -> Json:
        """Submit what was assembled with the session's own messages; the answer is a text, or the call of a tool."""
        history = [submitted(message) for message in self._kept.get(session.key, [])]
        carried = {
            "role": "user",
            "content": [{"type": "text", "text": HOST_CONTEXT}],
            "timestamp": self._ms(),
            "runtimeContextCarrier": True,
        }
        messages = [*history, *own, carried]
        model = {"id": MODEL["model"], "provider": MODEL["provider"], "api": MODEL["api"]}
        self._stage(session, "stream:context", {"model": model}, messages)
        self._calls += 1
        tokens = SYSTEM_TOKENS + tokens_of(messages)
        if tokens > WINDOW - REPLY_TOKENS:
            raise Overflow(tokens)
        self._tick_clock(1640)
        if isinstance(answer, Look):
            part = {"type": "toolCall", "id": f"call_{self._calls}", "name": "read", "arguments": {"path": answer.path}}
        else:
            part = {"type": "text", "text": answer}
        output = len(dumps(part)) // 4
        return {
            "role": "assistant",
            "content": [part],
            **MODEL,
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

    def _tool_result(self, session: Session, called: Json, look: Look) -> Json:
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

    def _user(self, session: Session, text: str) -> Json:
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

    def _stage(self, session: Session, stage: str, more: Json, messages: list[Json]) -> None:
        self._seq += 1
        fingerprints = [digest(message) for message in messages]
        self.trace.append(
            {
                "runId": session.run,
                **session.named,
                "provider": MODEL["provider"],
                "modelId": MODEL["model"],
                "modelApi": MODEL["api"],
                "workspaceDir": WORKSPACE,
                "ts": self._tick_clock(9),
                "seq": self._seq,
                "stage": stage,
                **more,
                "messageCount": len(messages),
                "messageRoles": [message["role"] for message in messages],
                "messageFingerprints": fingerprints,
                "messagesDigest": digest(fingerprints),
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
        return f"{stamp(self._now)}{text}"
