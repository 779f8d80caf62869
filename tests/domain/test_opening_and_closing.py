"""How a stream begins and ends, and what changes no phase in between."""

import pytest
from msgspec.structs import replace

from domain import commands as ask
from domain import events as fact
from tests.domain import asks
from tests.domain.facts import (
    AT,
    OPENED,
    S1,
    S2,
    assembled,
    closed,
    dispatched,
    failed,
    message,
    opened_by,
    recorded,
    revision,
)
from tests.domain.scenario import given

ENDED = ask.EndSubagent(at=AT, reason="done")
MAINTAINED = ask.RecordMaintenance(
    at=AT, session_id=S2, changed=True, bytes_freed=2_048, rewritten_entries=3, reason="threshold"
)
SPAWNED = ask.SpawnSubagent(at=AT, child_key="agent:main:subagent:7d", mode="isolated")
BOOTSTRAPPED = ask.BootstrapEngine(at=AT, session_id=S2, imported_entries=4)
FELL_BACK = ask.FallBack(at=AT, session_id=S2, engine="legacy", reason="no transcriptSemantics")


def test_an_engine_is_fresh_until_it_is_opened_and_idle_then() -> None:
    assert (given().engine.phase, given().engine.version) == ("fresh", 0)
    engine = given().when(asks.opening()).then(OPENED).engine
    assert (engine.phase, engine.version, engine.routing_key) == ("idle", 1, "agent:main:main")


def test_an_engine_that_is_opened_for_a_session_is_in_it() -> None:
    engine = given().when(asks.opening(S1)).then(replace(OPENED, session_id=S1)).engine
    assert engine.session_id == S1
    assert list(engine.sessions) == [S1]


def test_an_engine_that_was_opened_for_no_session_is_in_none() -> None:
    assert given(OPENED).engine.session_id is None
    assert len(given(OPENED).engine.sessions) == 0


def test_a_command_says_how_its_fact_is_known() -> None:
    command = replace(asks.failing(), evidence="reconstructed")
    given(OPENED, assembled()).when(command).then(replace(failed(), evidence="reconstructed"))


def test_an_observed_opening_is_the_opening_itself() -> None:
    given().observed(asks.opening()).then(OPENED)


@pytest.mark.parametrize(
    ("command", "happened"),
    [
        (asks.assembling(), assembled()),
        (asks.recording(message(1)), recorded(revision(message(1), 1))),
        (asks.dispatching(), dispatched()),
    ],
    ids=["AssembleContext", "RecordEntries", "DispatchTick"],
)
def test_an_engine_whose_beginning_was_not_observed_is_opened_by_conclusion(
    command: ask.Command, happened: fact.Event
) -> None:
    given().observed(command).then(opened_by(type(command).__name__), happened)


def test_a_concluded_opening_has_the_routing_key_that_the_engine_key_was_minted_for() -> None:
    first = given().observed(asks.assembling(), "agent:main:main:heartbeat-run:5f3c").happened[0]
    assert first == replace(opened_by("AssembleContext", "agent:main:main:heartbeat"), kind="heartbeat-run")


def test_the_rules_are_held_against_the_engine_that_was_opened_by_conclusion() -> None:
    given().observed(asks.committing()).then_written_as_anomaly(
        "committed-without-turn",
        opened_by("CommitTurn"),
        fact.TurnCommitted(occurred_at=AT, turn_id="commit-1", session_id=S1, advancement_key="advance-1"),
    )


@pytest.mark.parametrize(
    ("command", "happened"),
    [
        (BOOTSTRAPPED, fact.EngineBootstrapped(occurred_at=AT, session_id=S2, imported_entries=4)),
        (FELL_BACK, fact.EngineFellBack(occurred_at=AT, session_id=S2, engine="legacy", reason=FELL_BACK.reason)),
        (SPAWNED, fact.SubagentSpawned(occurred_at=AT, child_key="agent:main:subagent:7d", mode="isolated")),
        (ENDED, fact.SubagentEnded(occurred_at=AT, reason="done")),
        (
            MAINTAINED,
            fact.MaintenanceRecorded(
                occurred_at=AT,
                session_id=S2,
                changed=True,
                bytes_freed=2_048,
                rewritten_entries=3,
                reason="threshold",
            ),
        ),
    ],
    ids=lambda one: type(one).__name__,
)
@pytest.mark.parametrize("before", [(OPENED,), (OPENED, assembled())], ids=["idle", "in-turn"])
def test_what_only_accompanies_the_work_changes_neither_phase_nor_turn(
    before: tuple[fact.Event, ...], command: ask.Command, happened: fact.Event
) -> None:
    scenario = given(*before)
    after = scenario.when(command).then(happened).engine
    assert (after.phase, after.turn) == (scenario.engine.phase, scenario.engine.turn)


def test_an_engine_knows_every_session_that_it_served_and_the_last() -> None:
    engine = given(OPENED).when(BOOTSTRAPPED).engine
    assert (engine.session_id, list(engine.sessions)) == (S2, [S2])
    engine = given(OPENED, recorded(session_id=S1), assembled(session_id=S2), recorded(session_id=S1)).engine
    assert (engine.session_id, list(engine.sessions)) == (S1, [S1, S2])


def test_a_session_counts_as_a_heartbeat_only_where_the_host_said_so() -> None:
    engine = given(OPENED, recorded(session_id=S1, heartbeat=None), recorded(session_id=S2, heartbeat=True)).engine
    assert list(engine.heartbeat_sessions) == [S2]
    assert len(given(OPENED, recorded(heartbeat=False)).engine.heartbeat_sessions) == 0


def test_subagents_are_counted_where_they_were_spawned() -> None:
    assert given(OPENED).when(SPAWNED).engine.subagents == 1
    assert given(OPENED).when(ENDED).engine.subagents == 0


def test_an_idle_engine_closes() -> None:
    engine = given(OPENED).when(asks.closing()).then(closed()).engine
    assert (engine.phase, engine.version) == ("closed", 2)


def test_what_is_late_for_a_closed_engine_and_was_written_before_is_not_written_again() -> None:
    before = (OPENED, assembled(), fact.TurnCommitted(occurred_at=AT, turn_id="t", session_id=S1, advancement_key="a"))
    given(*before, closed()).observed(asks.committing(key="a")).then_nothing_happened()


def test_the_state_remembers_when_its_last_event_happened() -> None:
    assert given().engine.last_at is None
    assert given(OPENED, replace(assembled(), occurred_at=AT + 5)).engine.last_at == AT + 5
