"""The rows of contexts, event by event."""

from typing import Any
from uuid import UUID

from msgspec.structs import replace

from domain.context import Run, Splice, Whole
from domain.events import ContextAssembled, EngineOpened, Event, PromptSubmitted
from domain.sizes import Sizes
from projections.contexts.projection import ContextRow, Remembered, fold
from projections.machinery.projection import Recorded
from tests.domain.facts import AT, OPENED, S1, assembled, message, submitted

STREAM = UUID(int=1)
KEY = "agent:main:main"


def rows_of(*events: Event, engine_key: str = KEY) -> list[ContextRow]:
    remembered: Remembered | None = None
    rows: list[Any] = []
    for place, event in enumerate(events, 1):
        one = Recorded(3, place, STREAM, place, "g", engine_key, AT, event)
        remembered, new = fold(remembered, one)
        rows += new
    return rows


def held(number: int, *ranges: int) -> ContextAssembled:
    runs = tuple(Run(first, last - first + 1, 1) for first, last in zip(ranges[::2], ranges[1::2], strict=True))
    return replace(assembled(call=number, delta=Whole(runs)), count=sum(run.length for run in runs))


def test_an_assembled_context_is_told_of_with_its_turn_and_its_sizes() -> None:
    sizes = Sizes(history=60, summary=20, this_turn=10, system=500)
    event = replace(assembled(tokens=100, budget=1_000, seen=(message(1),), attempt=2), sizes=sizes, model="m")
    (row,) = rows_of(OPENED, event)
    assert (row.basis, row.number, row.version, row.position, row.partition) == ("assembled", 1, 2, 2, 3)
    assert (row.gateway, row.engine_key, row.routing_key, row.agent) == ("g", KEY, KEY, "main")
    assert (row.session_id, row.turn_position, row.attempt, row.model) == (S1, 2, 2, "m")
    assert (row.entries, row.tokens, row.budget) == (1, 100, 1_000)
    assert (row.history, row.summary, row.this_turn, row.system, row.tools) == (60, 20, 10, 500, None)
    assert row.unattributed == 10
    assert row.ranges == (1, 1)


def test_what_is_unattributed_is_unknown_where_either_figure_is_missing() -> None:
    sizes = Sizes(history=60, summary=20, this_turn=10)
    for event in (
        replace(assembled(tokens=100), sizes=None),
        replace(assembled(), sizes=sizes),
        replace(submitted(), sizes=sizes),
    ):
        assert rows_of(event)[0].unattributed is None


def test_nothing_is_unattributed_where_the_engine_counted_less_than_we_do() -> None:
    sizes = Sizes(history=60, summary=20, this_turn=10)
    for tokens in (89, 0, -(2**63)):
        assert rows_of(replace(assembled(tokens=tokens), sizes=sizes))[0].unattributed == 0


def test_the_tokens_of_an_assembled_context_are_its_engines_and_else_those_of_what_it_holds() -> None:
    sizes = Sizes(history=60, summary=20, this_turn=10, system=500, tools=70)
    assert rows_of(replace(assembled(tokens=100), sizes=sizes))[0].tokens == 100
    assert rows_of(replace(assembled(), sizes=sizes))[0].tokens == 90
    assert rows_of(replace(assembled(), sizes=None))[0].tokens is None


def test_the_tokens_of_a_submitted_context_are_all_that_the_model_received() -> None:
    sizes = Sizes(history=60, summary=20, this_turn=10, system=500)
    assert rows_of(replace(submitted(), sizes=sizes))[0].tokens == 590
    assert rows_of(replace(submitted(), sizes=replace(sizes, tools=70)))[0].tokens == 660
    assert rows_of(replace(submitted(), sizes=None))[0].tokens is None


def test_a_submitted_context_has_no_turn_and_no_budget() -> None:
    sizes = Sizes(history=6, summary=2, this_turn=1, tools=30)
    event: PromptSubmitted = replace(submitted(message(1), message(2)), sizes=sizes)
    (row,) = rows_of(event)
    assert (row.basis, row.entries, row.ranges) == ("submitted", 2, (1, 2))
    assert (row.turn_position, row.attempt, row.tokens, row.budget) == (None, None, 39, None)
    assert (row.history, row.summary, row.this_turn, row.system, row.tools) == (6, 2, 1, None, 30)


def test_assembled_and_submitted_contexts_are_chains_of_their_own() -> None:
    rows = rows_of(
        held(1, 1, 5),
        replace(submitted(number=1), delta=Whole((Run(1, 9, 1),))),
        assembled(call=2, delta=Splice(0, 0, 0, (Run(7, 1, 1),))),
        assembled(call=3, delta=Splice(2, 1, 0, (Run(8, 1, 1),))),
        replace(submitted(number=2), delta=Whole(())),
        replace(submitted(number=3), delta=Splice(2, 0, 0, (Run(9, 1, 1),))),
    )
    assert [row.ranges for row in rows] == [(1, 5), (1, 9), (7, 7), (7, 8), (), (9, 9)]


def test_the_entries_of_a_context_of_too_many_ranges_are_unknown_until_one_is_written_whole() -> None:
    scattered: list[Any] = [number for entry in range(1, 200, 2) for number in (entry, entry)]
    rows = rows_of(
        held(1),
        held(2, *scattered),
        assembled(call=3, delta=Splice(2, 1, 0, (Run(300, 1, 1),))),
        held(4, 1, 3),
        assembled(call=5, delta=Splice(4, 1, 1, ())),
    )
    assert [row.ranges for row in rows] == [(), None, None, (1, 3), (1, 1, 3, 3)]


def test_a_routing_key_that_the_engine_key_does_not_tell_is_remembered() -> None:
    opened = EngineOpened(occurred_at=AT, routing_key="route", kind="other", opened_by="open")
    rows = rows_of(opened, held(1), submitted())
    assert [row.routing_key for row in rows] == ["route", "route"]
    key = f"agent:a:x:heartbeat-run:{S1}"
    (row,) = rows_of(held(1), engine_key=key)
    assert (row.routing_key, row.agent) == ("agent:a:x:heartbeat", "a")
