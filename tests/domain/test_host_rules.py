"""What a host's configuration says against what its ticks did."""

from domain.host_rules import HeartbeatSetting, RanTick, isolation_not_applied

MAIN, ROUTE = "agent:main:main", "agent:main:main:heartbeat"


def _setting(isolated: bool | None = True) -> HeartbeatSetting:
    return HeartbeatSetting("home", "main", isolated, 100)


def _tick(at: int, isolated: bool | None, key: str = MAIN) -> RanTick:
    return RanTick(key, key, f"{key}@s-1@{at}", f"1-{at}", at, isolated)


def test_a_tick_in_the_main_session_although_isolation_is_set_is_a_finding_with_its_ticks() -> None:
    finding = isolation_not_applied(_setting(), (_tick(150, None), _tick(200, False), _tick(300, False)))
    assert finding is not None
    assert (finding.code, finding.severity, finding.status) == ("isolation-not-applied", "error", "found")
    assert (finding.tick_id, finding.occurrences, finding.evidence) == (f"{MAIN}@s-1@200", 2, ("1-200", "1-300"))


def test_a_tick_from_before_the_configuration_was_written_says_nothing() -> None:
    assert isolation_not_applied(_setting(), (_tick(50, False),)) is None


def test_isolated_ticks_are_as_they_were_meant() -> None:
    assert isolation_not_applied(_setting(), (_tick(200, True, ROUTE),)) is None


def test_where_isolation_is_not_set_nothing_is_broken() -> None:
    for isolated in (False, None):
        assert isolation_not_applied(_setting(isolated), (_tick(200, False),)) is None
