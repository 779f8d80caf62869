"""Where an engine stands is what its whole state says, without what only decisions need."""

from functools import reduce

from hypothesis import given, settings
from msgspec import json, msgpack

from domain import commands as ask
from domain.decider import observe
from domain.engine import FRESH, Engine, evolve
from domain.standing import NOWHERE, Standing, stand
from tests.domain.anything import WORK
from tests.domain.scenario import ENGINE_KEY


def said_by(engine: Engine) -> dict[str, object]:
    return {
        "version": engine.version,
        "phase": engine.phase,
        "routing_key": engine.routing_key,
        "session_id": engine.session_id,
        "tick_id": engine.tick,
        "turn": engine.turn,
        "unanswered": engine.unanswered,
        "entries": len(engine.roster),
        "contexts": engine.assembled.count,
        "submitted": engine.submitted.count,
        "context_entries": len(engine.assembled.last()),
        "context_tokens": engine.context_tokens,
        "budget": engine.budget,
        "skipped_ticks": engine.skipped_ticks,
        "turns": engine.turns,
        "failed_attempts": engine.failed_attempts,
        "overflows": engine.overflows,
        "compactions": engine.compactions,
        "failed_compactions": engine.failed_compactions,
        "subagents": engine.subagents,
        "anomalies": engine.anomalies,
        "last_at": engine.last_at,
    }


@settings(max_examples=200, deadline=None)
@given(commands=WORK)
def test_an_engine_stands_where_its_state_says_after_every_event(commands: list[ask.Command]) -> None:
    engine, standing, times = FRESH, NOWHERE, list[int]()
    for command in commands:
        for event in observe(engine, command, ENGINE_KEY):
            engine, standing = evolve(engine, event), stand(standing, event)
            times.append(event.occurred_at)
            assert {name: getattr(standing, name) for name in said_by(engine)} == said_by(engine)
            assert (standing.first_at, standing.latest_at) == (min(times), max(times))


@settings(max_examples=100, deadline=None)
@given(commands=WORK)
def test_it_can_be_written_anywhere_and_gone_on_from(commands: list[ask.Command]) -> None:
    engine, events = FRESH, []
    for command in commands:
        happened = observe(engine, command, ENGINE_KEY)
        engine = reduce(evolve, happened, engine)
        events += happened
    straight = reduce(stand, events, NOWHERE)
    stopping = NOWHERE
    for event in events:
        stopping = msgpack.decode(msgpack.encode(stand(stopping, event)), type=Standing)
        stopping = json.decode(json.encode(stopping), type=Standing)
    assert stopping == straight
