"""What growing first calls say of ticks of which no context is on record."""

import pytest

from domain.audit import ContextFact, Route, TickFact, replayed_entries

KEY = "agent:main:main:heartbeat"


def _route(*sizes: int, contexts: tuple[ContextFact, ...] = ()) -> Route:
    calls = tuple(TickFact(KEY, f"{KEY}@s-{n}", f"1-{n}", n, size) for n, size in enumerate(sizes, 1))
    return Route("home", KEY, (), contexts, calls)


def test_growth_over_fresh_sessions_is_a_suspicion_with_its_numbers_and_what_is_missing() -> None:
    finding = replayed_entries(_route(3_700, 5_200, 6_700, 8_200))
    assert finding is not None
    assert (finding.code, finding.severity, finding.status, finding.tick_id, finding.occurrences) == (
        "replayed-entries",
        "warning",
        "unknown",
        f"{KEY}@s-2",
        3,
    )
    assert [one["input_tokens"] for one in finding.facts["input_tokens"]] == [3_700, 5_200, 6_700, 8_200]
    assert "submitted contexts" in finding.facts["missing"]
    assert "diagnostics.cacheTrace.enabled true" in finding.advice


def test_a_compaction_lets_it_fall_and_it_grows_again() -> None:
    finding = replayed_entries(_route(3_700, 5_200, 6_700, 3_700, 5_200, 6_700))
    assert finding is not None
    assert finding.occurrences == 4


@pytest.mark.parametrize(
    "sizes",
    [
        (3_700,),
        (3_700, 5_200),
        (3_700, 3_880, 3_700, 3_860),
        (5_000, 4_000, 3_000),
        (3_700, 5_200, 3_700, 3_700, 3_700, 5_200, 3_700, 3_700),
    ],
    ids=["one", "one step", "within 5 %", "shrinking", "now and then"],
)
def test_what_does_not_grow_and_grow_is_no_suspicion_and_no_proof_of_innocence(sizes: tuple[int, ...]) -> None:
    finding = replayed_entries(_route(*sizes))
    assert finding is not None
    assert (finding.severity, finding.status, finding.occurrences) == ("info", "unknown", len(sizes))
    assert finding.facts["missing"] == ["submitted contexts", "assembled contexts"]


def test_where_there_is_no_tick_nothing_is_unknown() -> None:
    assert replayed_entries(_route()) is None


def test_ticks_whose_contexts_are_on_record_are_judged_by_these() -> None:
    contexts = tuple(
        ContextFact("submitted", KEY, n, f"s-{n}", f"{KEY}@s-{n}", f"2-{n}", n, 2, 0, 0, ()) for n in (1, 2, 3, 4)
    )
    assert replayed_entries(_route(3_700, 5_200, 6_700, 8_200, contexts=contexts)) is None
