"""One agent of the generated gateway: its heartbeats, its conversation, and when they come."""

from typing import Final

from domain.keys import mint_engine_key
from infrastructure.openclaw.generate.engine import Held
from infrastructure.openclaw.generate.script import Script, Stream
from infrastructure.openclaw.generate.times import HOUR, MINUTE, awake, moment
from infrastructure.openclaw.generate.tools import Use
from infrastructure.openclaw.generate.turn import COMPACTED_AT, Asked, Host, Session, Turn
from infrastructure.openclaw.played import on_subagent_ended

NAMES: Final = (
    *("main", "mail", "garden", "ledger", "kitchen", "press", "travel", "library", "choir", "workshop", "harbour"),
    *("archive", "music", "weather", "school", "market", "repairs", "news", "museum", "allotment"),
)

LEAST_READ: Final = 1_000
"""How many characters a heartbeat's look at something has at least."""

_CHECKS: Final = ("the inbox", "the disks", "the calendar", "the reports", "the build", "the orders", "the backups")
_INSTRUCTIONS: Final = ("keep the facts", "keep open tasks and names", "leave out what the tools said")


class Agent:
    """An agent that begins at a time (ms) and goes on until its lines came to `quota` events.

    With `bug` all its isolated heartbeats keep their context under the routing key, and each replays those before it.
    """

    def __init__(self, host: Host, number: int, begins: int, quota: int, *, bug: bool) -> None:
        round_, place = divmod(number, len(NAMES))
        self._name = NAMES[place] if round_ == 0 else f"{NAMES[place]}-{round_ + 1}"
        self._host, self._bug = host, bug
        self._left = quota
        self._base = f"agent:{self._name}:main"
        self._conversation = Session(host.seat(self._name, self._base), Stream(), Held())
        self._routing, self._replayed = Stream(), Held()
        self._every = host.chance.one_of((10, 15, 20, 20, 30)) * MINUTE
        self._check = host.chance.one_of(_CHECKS)
        self._turn_at = begins
        self._tick_at = begins + host.chance.below(self._every)
        self._free_at = begins

    @property
    def retired(self) -> bool:
        """Whether it has come to its quota."""
        return self._left <= 0

    @property
    def due(self) -> int:
        """When it does something next."""
        return max(min(self._turn_at, self._tick_at), self._free_at)

    def act(self) -> Script:
        """Let it do what is due."""
        script = Script(self.due)
        if self._tick_at <= self._turn_at:
            self._tick(script)
            self._tick_at += self._every
        else:
            self._talk(script)
            chance = self._host.chance
            gap = chance.between(1, 8) * MINUTE if chance.happens(0.7) else chance.between(60, 300) * MINUTE
            self._turn_at = awake(script.now + gap + chance.below(MINUTE))
        self._free_at = script.now + 500
        self._left -= script.events
        return script

    def _tick(self, script: Script) -> None:
        """Play a heartbeat: isolated, but for a few that an event wakes in the conversation."""
        chance, writer = self._host.chance, self._host.writer
        script.now += chance.below(2_000)
        now = moment(script.now)
        prompt = (
            f"HEARTBEAT poll: look at {self._check}. If nothing needs attention, reply HEARTBEAT_OK.\n"
            f"Current time: {now:%Y-%m-%d %H:%M} (UTC)\nReference UTC: {now:%Y-%m-%d %H:%M} UTC"
        )
        uses = [self._host.tools.use(LEAST_READ) for _ in range(chance.one_of((0, 0, 1, 1, 1, 1, 1, 1, 1, 2)))]
        kind = chance.below(100)
        reply = "HEARTBEAT_OK" if kind < 92 else writer.sentence(chance.between(8, 40))
        if 92 <= kind < 94:
            reply = f"HEARTBEAT_OK {writer.sentence(6)}"
        asked = Asked(prompt, uses, reply, heartbeat=True)
        if chance.happens(0.03):
            self._converse(script, asked)
            return
        seat = self._host.seat(self._name, f"{self._base}:heartbeat")
        if self._bug:
            session = Session(seat, self._routing, self._replayed, routing=self._routing)
        else:
            engine_key = mint_engine_key(seat.session_key, seat.session_id)
            session = Session(seat, Stream(), Held(), engine_key=engine_key, routing=self._routing)
        Turn(self._host, session, script).play(asked)

    def _talk(self, script: Script) -> None:
        """Play a turn of the conversation, with a subagent now and then, or a compaction by hand."""
        chance, writer, tools = self._host.chance, self._host.writer, self._host.tools
        kind = chance.below(100)
        if kind < 2 and self._conversation.turns:
            told = chance.one_of(_INSTRUCTIONS) if chance.happens(0.5) else None
            Turn(self._host, self._conversation, script).compact_by_hand(told)
            return
        prompt = writer.sentence(chance.between(6, 40))
        reply = writer.sentence(chance.between(8, 70))
        if kind < 7:
            self._delegate(script, prompt, reply)
            return
        uses = [tools.use() for _ in range(chance.one_of((0, 0, 0, 0, 1, 1, 1, 1, 2, 3)))]
        self._converse(script, Asked(prompt, uses, reply))

    def _delegate(self, script: Script, prompt: str, reply: str) -> None:
        """Play a turn that starts a subagent, what that does, and the turn in which it reports back."""
        chance, writer, tools = self._host.chance, self._host.writer, self._host.tools
        child_key = f"agent:{self._name}:subagent:{chance.uuid()}"
        task = writer.sentence(chance.between(8, 20))
        self._converse(script, Asked(prompt, [tools.spawn(child_key, task)], reply))
        child = Session(self._host.seat(self._name, child_key), Stream(), Held())
        found = writer.sentence(chance.between(15, 50))
        uses: list[Use] = [tools.use() for _ in range(chance.between(1, 3))]
        task = f"[Subagent Context] You are running as a subagent. Results go back to the requester.\n\nTask: {task}"
        Turn(self._host, child, script).play(Asked(task, uses, found))
        told = f"[Inter-session message] sourceSession={child_key} sourceTool=subagent_announce\n{found}"
        self._converse(script, Asked(told, [], writer.sentence(chance.between(8, 30))))
        script.call(on_subagent_ended(child_key), 1)

    def _converse(self, script: Script, asked: Asked) -> None:
        if self._conversation.tokens > COMPACTED_AT:
            Turn(self._host, self._conversation, script).compact_for_room()
        Turn(self._host, self._conversation, script).play(asked)


def replacement_at(host: Host, retired: int) -> int:
    """Say when somebody begins in the place of an agent that retired (ms)."""
    return awake(retired + host.chance.between(60, 360) * (HOUR // 60))
