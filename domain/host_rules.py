"""Audit rules over what a host says of itself: its configuration against what its ticks did, one engine for another."""

from msgspec import Struct

from domain.audit import MOST_EVIDENCE, Finding

SET_ISOLATION = (
    "Restart the gateway so that the setting takes effect, look whether the agent has a heartbeat block of its own, "
    "and check again after two ticks."
)


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
