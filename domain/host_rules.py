"""Audit rules over what a host says of itself: its configuration against what its ticks did, one engine for another."""

from msgspec import Struct

from domain.audit import MOST_EVIDENCE, Finding

SET_ISOLATION = (
    "Restart the gateway so that the setting takes effect, look whether the agent has a heartbeat block of its own, "
    "and check again after two ticks."
)


MEND_THE_ENGINE = (
    "Whatever the engine keeps was neither asked nor told of these turns. Mend what the reason names, restart the "
    "gateway, and look at its log for `[context-engine]`."
)

NO_ROUTE = "unknown"
"""Stands for the routing key of what the host's log tells of a time at which no turn on record was open."""


class RanTick(Struct, frozen=True):
    """A tick that ran: where (`isolated`, None where it can't be told), its event, and when (µs)."""

    routing_key: str
    engine_key: str
    tick_id: str
    event_id: str
    at: int
    isolated: bool | None


class HeartbeatSetting(Struct, frozen=True):
    """What a host is told of an agent's heartbeats, and since when it stands so in its configuration (µs)."""

    gateway: str
    agent: str
    isolated: bool | None
    since: int


class Fall(Struct, frozen=True):
    """A time (µs) at which the host let another engine serve than `engine`, for a `reason`; `lasting` says that it does
    so until it is restarted. `turn` is the event that began the turn in which it was, `routing_key` its route:
    None where no turn on record was open.
    """

    at: int
    engine: str
    reason: str
    lasting: bool
    routing_key: str | None = None
    engine_key: str | None = None
    turn: str | None = None


def engine_fell_back(gateway: str, falls: tuple[Fall, ...]) -> list[Finding]:
    """The host silently used another engine (host issue 116716): a finding for each route, with its turns."""
    routes: dict[str, list[Fall]] = {}
    for one in falls:
        routes.setdefault(one.routing_key or NO_ROUTE, []).append(one)
    return [_fell_back(gateway, routing_key, some) for routing_key, some in routes.items()]


def _fell_back(gateway: str, routing_key: str, falls: list[Fall]) -> Finding:
    first, turns = falls[0], [one.turn for one in falls if one.turn is not None]
    reasons = sorted({one.reason for one in falls})
    return Finding(
        code="engine-fell-back",
        severity="error",
        status="found",
        gateway=gateway,
        routing_key=routing_key,
        engine_key=first.engine_key or routing_key,
        tick_id=None,
        first_at=min(one.at for one in falls),
        last_at=max(one.at for one in falls),
        occurrences=len(falls),
        summary=(
            f"The host used another engine than {first.engine} {len(falls)} time{'s' if len(falls) > 1 else ''}"
            f"{', for the rest of its process' if any(one.lasting for one in falls) else ''}: {reasons[0]}."
        ),
        advice=MEND_THE_ENGINE,
        evidence=tuple(turns[:MOST_EVIDENCE]),
        facts={"engine": first.engine, "reasons": reasons, "turns": turns},
    )


def isolation_not_applied(setting: HeartbeatSetting, ticks: tuple[RanTick, ...]) -> Finding | None:
    """`isolatedSession: true` is set for an agent, but a tick ran in another session (host issue 134514).

    Ticks from before the configuration was written say nothing: it may have been another one then.
    """
    if not setting.isolated:
        return None
    hits = [one for one in ticks if one.isolated is False and one.at >= setting.since]
    if not hits:
        return None
    first = hits[0]
    return Finding(
        code="isolation-not-applied",
        severity="error",
        status="found",
        gateway=setting.gateway,
        routing_key=first.routing_key,
        engine_key=first.engine_key,
        tick_id=first.tick_id,
        first_at=first.at,
        last_at=hits[-1].at,
        occurrences=len(hits),
        summary=(
            f"isolatedSession is set for agent {setting.agent}, but {len(hits)} tick{'s' if len(hits) > 1 else ''} ran "
            f"in a session that is not the tick's own ({first.engine_key})."
        ),
        advice=SET_ISOLATION,
        evidence=tuple(one.event_id for one in hits[:MOST_EVIDENCE]),
        facts={"agent": setting.agent, "set": True, "ticks": [one.tick_id for one in hits]},
    )
