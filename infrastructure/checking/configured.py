"""What a host's configuration says against what its ticks did: the facts for `domain.host_rules`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from domain.audit import Finding
from domain.host_rules import Fall, HeartbeatSetting, RanTick, engine_fell_back, isolation_not_applied
from domain.keys import agent_of
from infrastructure.answers.library import Library
from infrastructure.openclaw.host.configuration import read_configuration
from infrastructure.openclaw.host.gateway_log import read_gateway_log
from infrastructure.openclaw.host.layout import Layout
from infrastructure.openclaw.host.records import FellBack
from infrastructure.openclaw.host.rotated_files import Marks


def configured_findings(library: Library, layout: Layout, gateway: str) -> Iterator[Finding]:
    """Audit what the configurations of a layout say of heartbeats; the read models must be up to date."""
    for found in layout.of("configuration"):
        path = Path(found.path)
        configuration = read_configuration(path)
        since = path.stat().st_mtime_ns // 1_000
        for agent, ticks in _ticks(library, gateway):
            heartbeat = configuration.heartbeat_of(agent)
            setting = HeartbeatSetting(gateway, agent, heartbeat.isolated_session if heartbeat else None, since)
            finding = isolation_not_applied(setting, ticks)
            if finding is not None:
                yield finding


def fallen_back(library: Library, layout: Layout, gateway: str) -> list[Finding]:
    """Audit what the gateway's logs tell of engines that did not serve; the read models must be up to date.

    The log names no session: a fall belongs to the turn that was open then.
    """
    told: list[FellBack] = []
    for found in layout.of("gateway-log"):
        told += [one for one in read_gateway_log(Path(found.path), Marks()) if isinstance(one, FellBack)]
    timed = [(one, one.at) for one in told if one.at is not None]
    rows = library.rows("turns/at_times", {"gateway": gateway, "times": [at for _one, at in timed]}) if timed else []
    turns = {place: turn for place, *turn in rows}
    falls = tuple(
        Fall(at, one.engine, one.reason, one.lasting, *turns.get(place, (None, None, None)))
        for place, (one, at) in enumerate(timed, 1)
    )
    return engine_fell_back(gateway, falls)


def _ticks(library: Library, gateway: str) -> Iterable[tuple[str, tuple[RanTick, ...]]]:
    """Give the ticks that ran, by their agents."""
    ticks: dict[str, list[RanTick]] = {}
    for row in library.rows("ticks/ran", {"gateway": gateway}):
        one = RanTick(*row)
        ticks.setdefault(agent_of(one.routing_key) or "", []).append(one)
    return [(agent, tuple(some)) for agent, some in ticks.items()]
