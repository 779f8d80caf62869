"""Plays the host of the sample, its provider and its engine, which keeps its state under the session key."""

from datetime import UTC, datetime, timedelta
from json import dumps

from domain.heartbeat import POLL
from infrastructure.openclaw.played import (
    CONTINUE,
    DISPOSE,
    HostCall,
    Json,
    assemble,
    assistant_message,
    bootstrap,
    commit_turn,
    compact_overflow,
    factory,
    maintain,
    tool_result,
    user_message,
)
from infrastructure.openclaw.sample.session import (
    HEARTBEAT_KEY,
    HOST_CONTEXT,
    MAIN_KEY,
    MODEL,
    REPLY_TOKENS,
    ROOM,
    STATE,
    SYSTEM_TOKENS,
    WINDOW,
    WORKSPACE,
    Session,
    digest,
    stamp,
    submitted,
    tokens_of,
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
        result = self._tool_result(called, look)
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
        result = {"summary": summary, "tokensBefore": tokens, "tokensAfter": SYSTEM_TOKENS}
        answer = {"ok": True, "compacted": True, "result": result}
        self._call(compact_overflow(session.seat, session.run, tokens, answer))
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
        self._call(factory(f"{STATE}/agents/main/agent", WORKSPACE))

    def _dispose(self) -> None:
        self._call(DISPOSE)

    def _bootstrap(self, session: Session) -> None:
        self._call(bootstrap(session.seat))
        self._maintain(session)

    def _maintain(self, session: Session) -> None:
        self._call(maintain(session.seat))

    def _assemble(self, session: Session, prompt: str, own_tokens: int) -> None:
        """Answer with everything that is kept under the session key, whichever session it came from."""
        kept = list(self._kept.get(session.key, []))
        budget = ROOM - len(prompt) // 4 - own_tokens
        self._call(assemble(session.seat, [], prompt, budget, kept, tokens_of(kept)))

    def _commit(self, session: Session, messages: list[Json]) -> None:
        marks = session.marks(len(messages))
        self._call(commit_turn(session.seat, session.turn, *marks, messages, heartbeat=session.heartbeat))
        self._kept.setdefault(session.key, []).extend(messages)
        self._maintain(session)

    def _call(self, call: HostCall) -> None:
        self.lifecycle.append(call.line(self._tick_clock(17)))

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
        model = {"id": MODEL.name, "provider": MODEL.provider, "api": MODEL.api}
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
        usage = (tokens, len(dumps(part)) // 4)
        return assistant_message(part, MODEL, usage, self._ms(), self._calls, session.run)

    def _tool_result(self, called: Json, look: Look) -> Json:
        self._tick_clock(35)
        return tool_result(called, look.text, self._ms())

    def _user(self, session: Session, text: str) -> Json:
        self._tick_clock(90)
        return user_message(text, self._ms(), session.turn, heartbeat=session.heartbeat)

    def _stage(self, session: Session, stage: str, more: Json, messages: list[Json]) -> None:
        self._seq += 1
        fingerprints = [digest(message) for message in messages]
        self.trace.append(
            {
                "runId": session.run,
                **session.seat.named,
                "provider": MODEL.provider,
                "modelId": MODEL.name,
                "modelApi": MODEL.api,
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
