"""Plays turns: what the host calls the engine with, what the model answers, and what becomes of the context."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from domain.heartbeat import POLL
from infrastructure.openclaw import played
from infrastructure.openclaw.generate.chance import Chance
from infrastructure.openclaw.generate.engine import Entry, Held, as_history, compaction_summary
from infrastructure.openclaw.generate.script import Script, Stream
from infrastructure.openclaw.generate.tools import Tools, Use
from infrastructure.openclaw.generate.words import Writer
from infrastructure.openclaw.played import CONTINUE, DISPOSE, HostCall, Json, Mark, Model, Seat

FOLDER: Final = "/srv/agent/generated"
MODEL: Final = Model("openai-completions", "local", "local-16k", 16_384)
SYSTEM_TOKENS: Final = 10_752
"""What the system prompt and the tools take of every model call."""
REPLY_TOKENS: Final = 1_024
ROOM: Final = MODEL.window - SYSTEM_TOKENS - REPLY_TOKENS
"""What is left for messages (tokens): beyond it, the provider overflows."""
COMPACTED_AT: Final = ROOM * 9 // 10
"""The host has the context of a conversation compacted before a turn if it is larger than this (tokens)."""


class Host:
    """What all agents of the gateway share."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.writer = Writer(chance)
        self.tools = Tools(chance, self.writer)
        self._model_calls = 0

    def seat(self, agent: str, session_key: str) -> Seat:
        """Give a new session its place."""
        store = f"{FOLDER}/state/agents/{agent}/agent/openclaw-agent.sqlite"
        return Seat(agent, self.chance.uuid(), session_key, store, MODEL)

    def next_call(self) -> int:
        """Number a model call."""
        self._model_calls += 1
        return self._model_calls


class Session:
    """A session of the host, and the engine behind it.

    `engine_key` is what lines name where the engine of a tick has a key of its own. `routing` is the stream of a tick's
    routing key, None where the session is no isolated tick. A tick hands no history over, whatever its engine holds.
    """

    def __init__(
        self, seat: Seat, stream: Stream, held: Held, *, engine_key: str | None = None, routing: Stream | None = None
    ) -> None:
        self.seat, self.stream, self.held = seat, stream, held
        self.engine_key, self.routing = engine_key, routing
        self.turns = 0
        self.messages = 0
        self.last_entry: str | None = None

    @property
    def tokens(self) -> int:
        """What the engine estimates its context at."""
        return self.held.characters // 4


class Asked(Struct, frozen=True):
    """What a turn is about: its prompt, the tools that are used, the reply. A heartbeat's user only polls."""

    prompt: str
    uses: Sequence[Use]
    reply: str
    heartbeat: bool = False


class Turn:
    """One turn of a session, or a compaction between turns."""

    def __init__(self, host: Host, session: Session, script: Script) -> None:
        self._host, self._session, self._script = host, session, script
        self._run, self._id = host.chance.uuid(), host.chance.uuid()
        self._prompt = ""
        self._own: list[Entry] = []
        self._recovered = False

    def play(self, asked: Asked) -> None:
        """Play a turn until its reply is committed. What overflows is compacted, and the turn goes on."""
        session, self._prompt = self._session, asked.prompt
        self._factory()
        if session.turns or session.routing is not None:
            self._bootstrap(dispatches=True)
        self._assemble()
        self._assemble()
        self._script.now += 90
        text = POLL if asked.heartbeat else asked.prompt
        said = played.user_message(text, self._script.now, self._id, heartbeat=asked.heartbeat)
        self._own = [Entry(said, self._host.chance.uuid())]
        for use in asked.uses:
            self._use(use)
        self._own.append(self._model_call({"type": "text", "text": asked.reply}))
        self._commit(heartbeat=asked.heartbeat)
        self._call(played.maintain(session.seat), 1)
        self._call(DISPOSE, 0)

    def compact_by_hand(self, instructions: str | None) -> None:
        """Play that a person says `/compact`; now and then it fails."""
        self._factory()
        stream, seat = self._session.stream, self._session.seat
        if self._host.chance.happens(0.1):
            reason = "Compaction safeguard finalized summary failed quality checks."
            answer: Json = {"ok": False, "compacted": False, "reason": reason}
            self._call(played.compact_by_hand(seat, instructions, answer), 2 + stream.text(instructions))
        else:
            answer, events = self._compact()
            self._call(played.compact_by_hand(seat, instructions, answer), events + stream.text(instructions))
        self._call(DISPOSE, 0)

    def compact_for_room(self) -> None:
        """Play that the host has the engine compact before a turn."""
        self._factory()
        tokens = SYSTEM_TOKENS + self._session.tokens
        answer, events = self._compact()
        self._call(played.compact_budget(self._session.seat, tokens, answer), events)
        self._call(played.maintain(self._session.seat), 1)
        self._call(DISPOSE, 0)

    def _use(self, use: Use) -> None:
        number = self._host.next_call()
        part = {"type": "toolCall", "id": f"call_{number}", "name": use.tool, "arguments": use.arguments}
        called = self._model_call(part, number)
        if use.child_key is not None:
            self._call(played.prepare_subagent_spawn(self._session.seat.session_key, use.child_key), 1)
        self._script.now += self._host.chance.between(20, 1_500)
        result = played.tool_result(called.message, use.text, self._script.now, use.details)
        self._own += [called, Entry(result)]
        self._assemble()

    def _model_call(self, part: Json, number: int | None = None) -> Entry:
        tokens = self._prompt_tokens()
        if tokens > MODEL.window - REPLY_TOKENS and not self._recovered:
            self._recover(tokens)
            tokens = self._prompt_tokens()
        self._script.now += self._host.chance.between(700, 6_000)
        number = self._host.next_call() if number is None else number
        text = part.get("text")
        output = 12 if text is None else len(text) // 4 + 1
        usage = (tokens, output)
        return Entry(played.assistant_message(part, MODEL, usage, self._script.now, number, self._run))

    def _recover(self, tokens: int) -> None:
        """Play that the provider refused the call: the engine compacts, and the turn is tried again."""
        self._recovered = True
        seat = self._session.seat
        answer, events = self._compact(tokens)
        self._call(played.compact_overflow(seat, self._run, tokens, answer), events + 1)
        self._call(played.maintain(seat), 1)
        self._bootstrap(dispatches=False)
        self._prompt = CONTINUE
        self._assemble()
        self._assemble()

    def _compact(self, tokens: int | None = None) -> tuple[Json, int]:
        """Compact what the engine holds; give its answer and how many events that is, but for an overflow's own.

        An engine that mixes ticks up (it replays them) gives up all that it holds, as the one of the incident did.
        """
        held, writer, chance = self._session.held, self._host.writer, self._host.chance
        before = SYSTEM_TOKENS + self._session.tokens if tokens is None else tokens
        text = writer.prose(chance.between(240, 600))
        if self._session.routing is not None:
            held.clear()
            first = None
        else:
            first = held.compact(compaction_summary(text, before, self._script.now))
            if first is None:
                return {"ok": True, "compacted": False, "reason": "Nothing to compact (session too small)"}, 2
        result: Json = {"summary": text, "tokensBefore": before, "tokensAfter": SYSTEM_TOKENS + self._session.tokens}
        if first:
            result["firstKeptEntryId"] = first
        return {"ok": True, "compacted": True, "result": result}, 2 + self._session.stream.text(text)

    def _commit(self, *, heartbeat: bool) -> None:
        session, own = self._session, self._own
        parent = session.last_entry
        before = self._host.chance.uuid() if len(own) > 2 else own[0].entry_id
        last = self._host.chance.uuid()
        first_place, count = session.messages, len(own)
        admitted = Mark(own[0].entry_id, parent, first_place + 1, first_place)
        ended = Mark(last, before, first_place + count, first_place + count - 1)
        messages = [entry.message for entry in own]
        call = played.commit_turn(session.seat, self._id, admitted, ended, messages, heartbeat=heartbeat)
        ticks = 0 if not heartbeat else 2 if session.routing is None else 1
        self._call(call, 2 + ticks)
        for entry in own:
            entry.met = True
            if session.routing is None:
                entry.rewrite(as_history(entry.message))
        session.held.add(own)
        session.turns += 1
        session.messages += count
        session.last_entry = last

    def _factory(self) -> None:
        agent = self._session.seat.agent
        self._call(played.factory(f"{FOLDER}/state/agents/{agent}/agent", f"{FOLDER}/workspace"), 0)

    def _bootstrap(self, *, dispatches: bool) -> None:
        session = self._session
        events = 1 + session.stream.opening()
        if dispatches and session.routing is not None:
            events += 1 + session.routing.opening()
        self._call(played.bootstrap(session.seat), events)
        self._call(played.maintain(session.seat), 1)

    def _assemble(self) -> None:
        session, held = self._session, self._session.held
        history = [] if session.routing is not None else held.encoded
        budget = ROOM - (len(self._prompt) + self._own_characters()) // 4
        call = played.assemble(session.seat, history, self._prompt, budget, held.encoded, session.tokens)
        events = session.stream.opening() + held.meet() + session.stream.text(self._prompt) + 1
        self._call(call, events)

    def _own_characters(self) -> int:
        return sum(entry.characters for entry in self._own[1:])

    def _prompt_tokens(self) -> int:
        characters = self._session.held.characters + len(self._prompt) + self._own_characters()
        return SYSTEM_TOKENS + characters // 4

    def _call(self, call: HostCall, events: int) -> None:
        after = self._host.chance.between(3, 60)
        own = call.method not in ("_factory", "dispose", "prepareSubagentSpawn")
        self._script.call(call, events, self._session.engine_key if own else None, after)
