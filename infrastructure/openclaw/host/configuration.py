"""What a host's configuration says that a verdict needs; nothing else leaves it, least of all a secret."""

import re
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from infrastructure.openclaw.host.includes import Including
from infrastructure.openclaw.host.looking import Looking
from infrastructure.openclaw.host.records import Problem
from infrastructure.openclaw.lossless import legible

MOST_CHARACTERS = 1_000
"""How long a text of a configuration may be."""

MOST_ITEMS = 1_000
"""How many agents, or models, are read."""

MOST_MINUTES = 1_000_000
"""How many minutes lie between two heartbeats at most, where a mere number says it."""

_PERIOD = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(ms|s|m|h|d)?", re.ASCII)
_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "": 60_000}

T = TypeVar("T")


class Heartbeat(Struct, frozen=True, kw_only=True):
    """A heartbeat block. None is what it does not say; the host then takes what the defaults say, or its own.

    Its own are: `every` 30m, not isolated, the main session, target `none`, the whole context.
    """

    every: str | None = None
    isolated_session: bool | None = None
    session: str | None = None
    target: str | None = None
    light_context: bool | None = None

    @property
    def period(self) -> int | None:
        """How often it ticks, in ms; 0 is never, None is not said (or not as a duration)."""
        return None if self.every is None else milliseconds(self.every)

    def over(self, defaults: "Heartbeat | None") -> "Heartbeat":
        """Give this block with what it does not say taken from the defaults."""
        if defaults is None:
            return self
        return Heartbeat(
            every=_first(self.every, defaults.every),
            isolated_session=_first(self.isolated_session, defaults.isolated_session),
            session=_first(self.session, defaults.session),
            target=_first(self.target, defaults.target),
            light_context=_first(self.light_context, defaults.light_context),
        )


class Agent(Struct, frozen=True):
    """An agent that the configuration names. `heartbeat` is its own block, None where it has none."""

    id: str
    heartbeat: Heartbeat | None = None
    default: bool = False


class Budget(Struct, frozen=True):
    """How many tokens a model takes: its window, and what the host is told to use of it at most."""

    provider: str
    model: str
    context_window: int | None = None
    context_tokens: int | None = None
    max_tokens: int | None = None


class CacheTrace(Struct, frozen=True, kw_only=True):
    """Whether the host traces what it submits, where to, and what it leaves out. None is not said (and then not)."""

    enabled: bool | None = None
    path: str | None = None
    messages: bool | None = None
    prompt: bool | None = None
    system: bool | None = None


class Configuration(Struct, frozen=True, kw_only=True):
    """What a configuration says, as far as it says it; environment variables of the gateway can say otherwise.

    Paths are as they are written: `places.expanded` says where they lead. `session_store` may hold `{agentId}`.
    """

    path: str
    heartbeat: Heartbeat | None = None
    agents: tuple[Agent, ...] = ()
    context_engine: str | None = None
    cache_trace: CacheTrace = CacheTrace()
    budgets: tuple[Budget, ...] = ()
    context_tokens: int | None = None
    model: str | None = None
    user_timezone: str | None = None
    session_store: str | None = None
    log_file: str | None = None
    problems: tuple[Problem, ...] = ()

    def heartbeat_of(self, agent: str) -> Heartbeat | None:
        """Give the heartbeat of an agent; None if it has none: once any agent has a block, only those with one tick."""
        blocks = {one.id: one.heartbeat for one in self.agents if one.heartbeat is not None}
        if not blocks:
            return self.heartbeat
        own = blocks.get(agent)
        return None if own is None else own.over(self.heartbeat)


def milliseconds(period: str) -> int | None:
    """Read a duration as the host writes it: `30m`, `1.5h`, `20s`; a mere number is minutes. None if it is none."""
    found = _PERIOD.fullmatch(period.strip().lower())
    return None if found is None else int(float(found[1]) * _UNITS[found[2] or ""])


def read_configuration(path: Path) -> Configuration:
    """Read a host's configuration. What can't be read, or is of the wrong kind, is a problem, and is not said then."""
    looking = Looking()
    reading = _Reading(path, Including(looking).read(path), looking)
    return Configuration(
        path=str(path),
        heartbeat=reading.heartbeat("agents.defaults.heartbeat"),
        agents=reading.agents(),
        context_engine=reading.text("plugins.slots.contextEngine"),
        cache_trace=CacheTrace(
            enabled=reading.flag("diagnostics.cacheTrace.enabled"),
            path=reading.text("diagnostics.cacheTrace.filePath"),
            messages=reading.flag("diagnostics.cacheTrace.includeMessages"),
            prompt=reading.flag("diagnostics.cacheTrace.includePrompt"),
            system=reading.flag("diagnostics.cacheTrace.includeSystem"),
        ),
        budgets=reading.budgets(),
        context_tokens=reading.count("agents.defaults.contextTokens"),
        model=reading.model(),
        user_timezone=reading.text("agents.defaults.userTimezone"),
        session_store=reading.text("session.store"),
        log_file=reading.text("logging.file"),
        problems=tuple(looking.problems),
    )


class _Reading:
    """Reads values by their paths; a name in a path that is a number is an element's place."""

    def __init__(self, path: Path, read: Any, looking: Looking) -> None:
        self._path, self._read, self._looking = path, read, looking

    def at(self, *names: str | int) -> Any:
        value = self._read
        for name in names:
            if isinstance(name, int):
                value = value[name] if isinstance(value, list) else None
            else:
                value = value.get(name) if isinstance(value, dict) else None
        return value

    def text(self, where: str, *within: str | int) -> str | None:
        """Give a text, legible and without space around it; None if it is empty."""
        value = self._of(str, "a text", where, *within)
        if value is None:
            return None
        if len(value) > MOST_CHARACTERS:
            self._tell(f"longer than {MOST_CHARACTERS} characters", where, *within)
            return None
        if "${" in value:
            self._tell("taken from the gateway's environment, which is not known", where, *within)
            return None
        return legible(value.strip()) or None

    def flag(self, where: str, *within: str | int) -> bool | None:
        value: bool | None = self._of(bool, "true or false", where, *within)
        return value

    def count(self, where: str, *within: str | int) -> int | None:
        value = self._of((int, float), "a number", where, *within)
        if value is None or isinstance(value, bool) or not 0 <= value < 2**53:
            return None
        return int(value)

    def heartbeat(self, where: str, *within: str | int) -> Heartbeat | None:
        if self._of(dict, "an object", where, *within) is None:
            return None
        return Heartbeat(
            every=self._every((*within, *where.split("."))),
            isolated_session=self.flag(f"{where}.isolatedSession", *within),
            session=self.text(f"{where}.session", *within),
            target=self.text(f"{where}.target", *within),
            light_context=self.flag(f"{where}.lightContext", *within),
        )

    def agents(self) -> tuple[Agent, ...]:
        listed = self._items(self.at("agents", "list"), "agents.list")
        agents: list[Agent] = []
        for index in range(len(listed)):
            place: tuple[str | int, ...] = ("agents", "list", index)
            agent = self.text("id", *place)
            if agent is None:
                self._tell("names no agent", "id", *place)
                continue
            default = self.flag("default", *place) or False
            agents.append(Agent(agent.lower(), self.heartbeat("heartbeat", *place), default))
        return tuple(agents)

    def budgets(self) -> tuple[Budget, ...]:
        providers = self._of(dict, "an object", "models.providers") or {}
        budgets: list[Budget] = []
        for provider in list(providers)[:MOST_ITEMS]:
            models = self.at("models", "providers", provider, "models")
            for index in range(len(self._items(models, "models.providers"))):
                place: tuple[str | int, ...] = ("models", "providers", provider, "models", index)
                model = self.text("id", *place)
                if model is not None and len(budgets) < MOST_ITEMS:
                    counts = (self.count(name, *place) for name in ("contextWindow", "contextTokens", "maxTokens"))
                    budgets.append(Budget(legible(provider[:MOST_CHARACTERS]), model, *counts))
        return tuple(budgets)

    def model(self) -> str | None:
        whole = self.at("agents", "defaults", "model")
        return self.text("agents.defaults.model" if isinstance(whole, str) else "agents.defaults.model.primary")

    def _every(self, place: tuple[str | int, ...]) -> str | None:
        written = self.at(*place, "every")
        if isinstance(written, int | float) and not isinstance(written, bool) and 0 <= written < MOST_MINUTES:
            return f"{written:g}"  # a mere number is minutes
        return self.text("every", *place)

    def _items(self, value: Any, where: str) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            self._tell("not a list", where)
            return []
        if len(value) > MOST_ITEMS:
            self._tell(f"more than {MOST_ITEMS}: the others were not read", where)
        return value[:MOST_ITEMS]

    def _of(self, kind: Any, named: str, where: str, *within: str | int) -> Any:
        """Give the value at a path if it is of a kind; what is not is told, without a word of it."""
        value = self.at(*within, *where.split("."))
        if value is None or (isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)):
            return value
        if isinstance(value, dict) and "source" in value and kind is str:
            self._tell("taken from a secret store", where, *within)
        else:
            self._tell(f"not {named}", where, *within)
        return None

    def _tell(self, reason: str, where: str, *within: str | int) -> None:
        named = ".".join(map(str, (*within, where)))
        self._looking.tell(self._path, f"`{legible(named)[:200]}`: {reason}")


def _first(own: T | None, default: T | None) -> T | None:
    return default if own is None else own
