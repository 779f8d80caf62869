"""What a host's configuration says against what its ticks did: the facts for `domain.host_rules`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from domain.audit import Finding
from domain.host_rules import HeartbeatSetting, RanTick, isolation_not_applied
from domain.keys import agent_of
from infrastructure.answers.library import Library
from infrastructure.openclaw.host.configuration import read_configuration
from infrastructure.openclaw.host.layout import Layout


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


def _ticks(library: Library, gateway: str) -> Iterable[tuple[str, tuple[RanTick, ...]]]:
    """Give the ticks that ran, by their agents."""
    ticks: dict[str, list[RanTick]] = {}
    for row in library.rows("ticks/ran", {"gateway": gateway}):
        one = RanTick(*row)
        ticks.setdefault(agent_of(one.routing_key) or "", []).append(one)
    return [(agent, tuple(some)) for agent, some in ticks.items()]
