"""Keys: minting and routing are inverse, heartbeats converge, and where a stream lies hangs on its names alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from domain.errors import WrongUsage
from domain.keys import (
    HEARTBEAT,
    HEARTBEAT_RUN,
    BadGateway,
    Kind,
    check_gateway,
    heartbeat_routing_key,
    kind_of,
    mint_engine_key,
    partition_of,
    routing_key_of,
    stream_digest,
    stream_id,
    tick_id,
)

NAMES = some.text(some.characters(exclude_categories=["Cs"]), max_size=20)
"""Any Unicode, as a host may write a key or a session id."""
KEY_PARTS = some.lists(
    some.sampled_from(["agent", "main", "alerts", "heartbeat", "heartbeat-run", "cron", "", "é", "a b"]), min_size=1
)
BASES = some.one_of(KEY_PARTS.map(":".join), NAMES)


@settings(max_examples=100)
@given(base=BASES, session_id=NAMES.filter(lambda name: HEARTBEAT_RUN not in name))
def test_an_engine_key_routes_to_the_key_that_it_was_minted_from(base: str, session_id: str) -> None:
    engine_key = mint_engine_key(base + HEARTBEAT, session_id)
    assert engine_key == f"{base}:heartbeat-run:{session_id}"
    assert routing_key_of(engine_key) == base + HEARTBEAT
    assert kind_of(engine_key) == "heartbeat-run"


def test_an_engine_key_that_was_minted_inside_another_isolated_run_routes_to_its_own_base() -> None:
    outer = mint_engine_key("agent:main:main:heartbeat", "tick-1")
    assert routing_key_of(mint_engine_key(outer + HEARTBEAT, "tick-2")) == outer + HEARTBEAT


@given(base=BASES, one=NAMES, other=NAMES)
def test_two_sessions_of_a_route_never_share_an_engine_key(base: str, one: str, other: str) -> None:
    same = mint_engine_key(base + HEARTBEAT, one) == mint_engine_key(base + HEARTBEAT, other)
    assert same == (one == other)


@given(key=BASES.filter(lambda key: HEARTBEAT_RUN not in key))
def test_a_key_that_was_not_minted_routes_by_itself(key: str) -> None:
    assert routing_key_of(key) == key


@settings(max_examples=100)
@given(base=BASES, wakes=some.integers(0, 5))
def test_wakes_from_inside_an_isolated_run_converge_on_one_sibling_of_the_remembered_base(
    base: str, wakes: int
) -> None:
    assert heartbeat_routing_key(base + HEARTBEAT * wakes, base) == base + HEARTBEAT


@given(base=BASES)
def test_a_base_that_ends_in_heartbeat_legitimately_gets_a_sibling_of_its_own(base: str) -> None:
    alerts = base + HEARTBEAT
    assert heartbeat_routing_key(alerts) == alerts + HEARTBEAT
    assert heartbeat_routing_key(alerts, alerts) == alerts + HEARTBEAT
    assert heartbeat_routing_key(alerts + HEARTBEAT, alerts) == alerts + HEARTBEAT


@pytest.mark.parametrize("key", ["agent:main:other", "agent:main:main2", "agent:main:main:heartbeats", ""])
def test_a_remembered_base_of_another_session_changes_nothing(key: str) -> None:
    assert heartbeat_routing_key(key, "agent:main:main") == key + HEARTBEAT


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("agent:main:main", "main"),
        ("agent:work:main", "main"),
        ("agent:main:main:heartbeat", "heartbeat"),
        ("agent:main:global:heartbeat", "heartbeat"),
        ("alerts:heartbeat", "heartbeat"),
        ("agent:main:main:heartbeat-run:5f3c", "heartbeat-run"),
        ("agent:main:subagent:0d9f", "subagent"),
        ("agent:main:cron:nightly", "cron"),
        ("agent:main:cron:nightly:run:0d9f", "cron"),
        ("global", "global"),
        ("agent:main:global", "global"),
        ("agent:main:telegram:group:12", "other"),
        ("agent:main", "other"),
        ("main", "other"),
        ("", "other"),
    ],
)
def test_a_key_says_by_its_form_what_it_is_for(key: str, kind: Kind) -> None:
    assert kind_of(key) == kind


@pytest.mark.parametrize("name", ["a", "0", "laptop-2.home_x", "a" * 64])
def test_a_gateway_is_named_in_lower_case(name: str) -> None:
    assert check_gateway(name) == name


@pytest.mark.parametrize("name", ["", "-a", ".a", "Laptop", "a b", "a/b", "a" * 65, "é", "a\n"])
def test_another_name_for_a_gateway_is_wrong_usage(name: str) -> None:
    with pytest.raises(BadGateway) as refused:
        check_gateway(name)
    assert isinstance(refused.value, WrongUsage)
    assert repr(name) in str(refused.value)


def test_a_tick_is_named_by_its_session_and_where_that_is_not_fresh_by_its_first_message() -> None:
    assert tick_id("agent:main:main:heartbeat", "5f3c") == "agent:main:main:heartbeat@5f3c"
    assert tick_id("agent:main:main", "5f3c", 1_788_856_922_017) == "agent:main:main@5f3c@1788856922017"
    assert tick_id("k", "s", 0) == "k@s@0"


@pytest.mark.parametrize(
    ("one", "other"),
    [(("a", "bc"), ("ab", "c")), (("", "ab"), ("ab", "")), (("a", "b\0c"), ("a\0b", "c")), (("a", ""), ("", "a"))],
)
def test_a_gateway_and_a_key_never_lend_each_other_letters(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert stream_digest(*one) != stream_digest(*other)
    assert stream_id(*one) != stream_id(*other)


@given(one=some.tuples(NAMES, NAMES), other=some.tuples(NAMES, NAMES))
def test_streams_share_an_id_only_if_they_share_both_names(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (stream_id(*one) == stream_id(*other)) == (one == other)


@given(names=some.tuples(NAMES, NAMES), partitions=some.integers(1, 1_024))
def test_a_partition_lies_within_their_number(names: tuple[str, str], partitions: int) -> None:
    assert 0 <= partition_of(*names, partitions) < partitions
    assert partition_of(*names, 1) == 0


def test_where_a_stream_lies_never_changes() -> None:
    """Every key of every ledger begins with it: these are evidence, and never edited."""
    digest = stream_digest("laptop", "agent:main:main")
    assert digest.hex() == "ae9fe2c9a03ae719ccc172672dd8c0d09867958e7d83b0c5877b1a0434ebc0ee"
    assert str(stream_id("laptop", "agent:main:main")) == "ccc17267-2dd8-c0d0-9867-958e7d83b0c5"
    assert partition_of("laptop", "agent:main:main", 16) == 9


def test_streams_spread_over_the_partitions() -> None:
    counts = [0] * 16
    for number in range(1_600):
        counts[partition_of("laptop", mint_engine_key("agent:main:main:heartbeat", f"tick-{number}"), 16)] += 1
    assert min(counts) > 50
    assert max(counts) < 200
