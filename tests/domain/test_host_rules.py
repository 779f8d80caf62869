"""What a host's configuration says against what its ticks did."""

from domain.host_rules import NO_ROUTE, Fall, HeartbeatSetting, RanTick, engine_fell_back, isolation_not_applied

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


def test_each_route_on_which_another_engine_served_is_a_finding_with_its_turns() -> None:
    falls = (
        Fall(30, "probe", "it threw", False, ROUTE, ROUTE, "1-9"),
        Fall(20, "probe", "it threw", True, ROUTE, ROUTE, "1-4"),
        Fall(40, "probe", "not registered", False),
    )
    of_ticks, elsewhere = engine_fell_back("home", falls)
    assert (of_ticks.code, of_ticks.severity, of_ticks.routing_key) == ("engine-fell-back", "error", ROUTE)
    assert (of_ticks.first_at, of_ticks.last_at, of_ticks.occurrences) == (20, 30, 2)
    assert of_ticks.facts["turns"] == ["1-9", "1-4"]
    assert "rest of its process" in of_ticks.summary
    assert (elsewhere.routing_key, elsewhere.evidence) == (NO_ROUTE, ())


def test_where_no_log_tells_of_a_fall_there_is_no_finding() -> None:
    assert engine_fell_back("home", ()) == []
