"""Contexts and compactions name the turn that they are of by the place that the turn has among turns."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hypothesis import given, settings

from domain.commands import Command
from domain.decider import observe
from domain.engine import FRESH, Engine, fold
from projections.compactions.projection import COMPACTIONS
from projections.compactions.rows import CompactionRow
from projections.contexts.projection import CONTEXTS, ContextRow
from projections.machinery.projection import AnyProjection, Recorded
from projections.turns.projection import TURNS
from projections.turns.row import TurnRow
from tests.domain.anything import WORK

KEY = "agent:main:main"


def recorded(commands: Sequence[Command]) -> list[Recorded]:
    """Give what observing these commands records, in one stream."""
    engine: Engine = FRESH
    made: list[Recorded] = []
    for command in commands:
        events = observe(engine, command, KEY)
        engine = fold(events, engine) if events else engine
        for event in events:
            place = len(made) + 1
            made.append(Recorded(3, place, UUID(int=1), place, "g", KEY, 0, event))
    return made


def folded(projection: AnyProjection, stream: Sequence[Recorded]) -> list[Any]:
    """Give the rows that stand in the end, each once."""
    remembered, rows = None, dict[tuple[Any, ...], Any]()
    for one in stream:
        if type(one.event) not in projection.takes:
            continue
        remembered, new = projection.fold(remembered, one)
        shown = projection.shown(remembered) if projection.shown and remembered else ()
        for row in (*new, *shown):
            rows[tuple(getattr(row, name) for name in projection.tables[0].key)] = row
    return list(rows.values())


@settings(max_examples=300, deadline=None)
@given(WORK)
def test_every_assembled_context_is_of_one_turn_and_every_turn_has_its_contexts(commands: list[Command]) -> None:
    stream = recorded(commands)
    turns: dict[int, TurnRow] = {row.position: row for row in folded(TURNS, stream)}
    calls: dict[int, list[int]] = {}
    contexts: list[ContextRow] = folded(CONTEXTS, stream)
    for row in contexts:
        if row.basis == "submitted":
            assert row.turn_position is None
            continue
        assert row.turn_position is not None
        assert turns[row.turn_position].session_id == row.session_id
        calls.setdefault(row.turn_position, []).append(row.number)
    told = {place: (row.first_call, row.last_call) for place, row in turns.items() if row.first_call is not None}
    assert {place: (numbers[0], numbers[-1]) for place, numbers in calls.items()} == told


@settings(max_examples=300, deadline=None)
@given(WORK)
def test_the_turn_of_a_compaction_is_one_of_its_session_that_there_is(commands: list[Command]) -> None:
    stream = recorded(commands)
    turns: dict[int, TurnRow] = {row.position: row for row in folded(TURNS, stream)}
    compactions: list[CompactionRow] = folded(COMPACTIONS, stream)
    for row in compactions:
        if row.turn_position is not None:
            assert turns[row.turn_position].session_id == row.session_id
