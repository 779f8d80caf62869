"""Given these events, when this is asked (or observed), then these events: how the tests of the machine are written."""

from dataclasses import dataclass

import pytest

from domain.commands import Command
from domain.decider import IllegalTransition, decide, observe
from domain.engine import Engine, fold
from domain.events import AnomalyNoted, Event

ENGINE_KEY = "agent:main:main"


@dataclass(frozen=True)
class Scenario:
    """An engine, by what happened to it."""

    events: tuple[Event, ...]

    @property
    def engine(self) -> Engine:
        return fold(self.events)

    def when(self, command: Command) -> "Outcome":
        """Ask a command of our own."""
        try:
            return Outcome(self, decide(self.engine, command))
        except IllegalTransition as refusal:
            return Outcome(self, [], refusal)

    def observed(self, command: Command, engine_key: str = ENGINE_KEY) -> "Outcome":
        """Take a fact about an engine that runs elsewhere."""
        return Outcome(self, observe(self.engine, command, engine_key))


@dataclass(frozen=True)
class Outcome:
    """What came of it; `engine` is the state after it."""

    before: Scenario
    happened: list[Event]
    refusal: IllegalTransition | None = None

    @property
    def engine(self) -> Engine:
        return fold(self.happened, self.before.engine)

    def then(self, *events: Event) -> "Outcome":
        assert self.refusal is None, self.refusal
        assert self.happened == list(events)
        return self

    def then_nothing_happened(self) -> "Outcome":
        return self.then()

    def then_refused(self, rule: str) -> "Outcome":
        assert self.refusal is not None, f"allowed: {self.happened}"
        assert self.refusal.rule == rule
        assert not self.happened
        return self

    def then_written_as_anomaly(self, rule: str, *events: Event) -> "Outcome":
        assert self.happened, "nothing was written"
        *written, noted = self.happened
        assert isinstance(noted, AnomalyNoted), f"no anomaly was noted: {self.happened}"
        assert noted.rule == rule
        assert written == list(events)
        return self

    @property
    def only(self) -> Event:
        """The one event that came of it."""
        assert self.refusal is None, self.refusal
        if len(self.happened) != 1:
            pytest.fail(f"not one event: {self.happened}")
        return self.happened[0]


def given(*events: Event) -> Scenario:
    """An engine to which this happened."""
    return Scenario(events)
