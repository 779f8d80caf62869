"""Sessions of an engine of our own, for properties: any messages and turns, told to the machine by strict commands."""

from typing import Literal

from hypothesis import strategies as some
from msgspec import Struct

from domain import commands as ask
from domain.assembly import ContextTooLarge, assemble
from domain.commands import Command
from domain.compaction import default_target, plan
from domain.decider import IllegalTransition, decide
from domain.engine import FRESH, Engine, evolve
from domain.entries import Identity, Seen
from domain.events import Event
from domain.transcript import NOTHING, Transcript, follow
from tests.domain.facts import AT, S1, digest_at

BUDGET = 60
"""What contexts may hold in these stories; messages have up to 30 tokens."""


class Said(Struct, frozen=True):
    """A message, or with `again` another form of the one before the last, which keeps its identity."""

    role: Literal["user", "assistant", "toolResult"]
    tokens: int = 10
    calls: tuple[str, ...] = ()
    answers: str = ""
    again: int = 0


class Recording(Struct, frozen=True):
    """Messages that come in one delivery."""

    messages: tuple[Said, ...]


Deed = Recording | Literal["assemble", "commit", "fail", "overflow", "compact", "compact all"]


class Story:
    """An engine to which deeds are done one after another; what its rules forbid does not happen."""

    def __init__(self) -> None:
        self.engine: Engine = FRESH
        self.transcript: Transcript = NOTHING
        self.events: list[Event] = []
        self._seen: list[Seen] = []
        self.ask(ask.OpenEngine(at=AT, routing_key="agent:main:main", kind="main"))

    def tell(self, deeds: list[Deed]) -> "Story":
        for deed in deeds:
            self._do(deed)
        return self

    def ask(self, command: Command) -> bool:
        try:
            happened = decide(self.engine, command)
        except IllegalTransition:
            return False
        for event in happened:
            self.engine, self.transcript = evolve(self.engine, event), follow(self.transcript, event)
        self.events += happened
        return True

    def _do(self, deed: Deed) -> None:
        match deed:
            case Recording(messages=messages):
                seen = [self._seen_as(one) for one in messages]
                self.ask(
                    ask.RecordEntries(
                        at=AT,
                        session_id=S1,
                        method="record",
                        digests=tuple(one.digest for one in seen),
                        novel=tuple(seen),
                    )
                )
            case "assemble":
                self.assemble(BUDGET)
            case "commit":
                key = f"key-{len(self.events)}"
                self.ask(ask.CommitTurn(at=AT, session_id=S1, advancement_key=key))
            case "fail":
                self.ask(ask.FailTurn(at=AT, session_id=S1, reason="error"))
            case "overflow":
                self.ask(ask.ReportOverflow(at=AT, session_id=S1))
            case "compact":
                self.compact(default_target(self.transcript, BUDGET))
            case "compact all":
                self.compact(0)

    def assemble(self, budget: int) -> None:
        try:
            items = assemble(self.transcript, budget).items
        except ContextTooLarge:
            return
        digests = self.engine.roster.digests.all_of(one.reference for one in items)
        name = f"turn-{len(self.events)}"
        self.ask(ask.AssembleContext(at=AT, delivery_id=name, session_id=S1, digests=digests, budget=budget))

    def compact(self, target: int) -> None:
        planned = plan(self.transcript, target, summary_tokens=3, forced=True)
        if isinstance(planned, str) or not self.ask(ask.StartCompaction(at=AT, session_id=S1, trigger="manual")):
            return
        number = self.engine.compactions + 1
        known = Identity("summary", AT // 1000, f"compaction:{number}")
        message = Seen(identity=known, digest=digest_at(f"summary {number}"), size=12, tokens=3)
        done = ask.CompleteCompaction(
            at=AT, session_id=S1, compacted=True, message=message, kept_from=planned.kept_from
        )
        assert self.ask(done)

    def _seen_as(self, said: Said) -> Seen:
        number = len(self._seen) + 1
        identity = Identity(said.role, number, said.answers)
        if said.again and said.again <= len(self._seen):
            identity = self._seen[-said.again].identity
        seen = Seen(
            identity=identity, digest=digest_at(f"message {number}"), size=40, tokens=said.tokens, calls=said.calls
        )
        self._seen.append(seen)
        return seen


CALLS = some.sampled_from(["call1", "call2", "call3"])
"""So few that turns use them again, as some providers number the calls of every turn."""
TOKENS = some.integers(0, 30)
AGAIN = some.sampled_from([0, 0, 0, 0, 1, 3])
MESSAGES = some.one_of(
    some.builds(Said, some.just("user"), TOKENS, again=AGAIN),
    some.builds(Said, some.just("assistant"), TOKENS, some.lists(CALLS, max_size=2).map(tuple), again=AGAIN),
    some.builds(Said, some.just("toolResult"), TOKENS, answers=CALLS | some.just(""), again=AGAIN),
)
DEEDS: some.SearchStrategy[Deed] = some.one_of(
    some.builds(Recording, some.lists(MESSAGES, min_size=1, max_size=4).map(tuple)),
    some.sampled_from(["assemble", "commit", "assemble", "commit", "fail", "overflow", "compact", "compact all"]),
)
STORIES = some.lists(DEEDS, max_size=30).map(lambda deeds: Story().tell(deeds))


def user(tokens: int = 10) -> Said:
    return Said("user", tokens)


def reply(tokens: int = 10, *calls: str) -> Said:
    return Said("assistant", tokens, calls)


def result(call: str, tokens: int = 10) -> Said:
    return Said("toolResult", tokens, answers=call)


def turn(*messages: Said) -> list[Deed]:
    """A turn whose messages are recorded with its commit."""
    return ["assemble", Recording(messages), "commit"]


def told(*deeds: list[Deed] | Deed) -> Story:
    all_deeds: list[Deed] = []
    for deed in deeds:
        if isinstance(deed, list):
            all_deeds += deed
        else:
            all_deeds.append(deed)
    return Story().tell(all_deeds)
