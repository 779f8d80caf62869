"""Which engines a call of the host touches, and what it lets conclude about ticks."""

from collections.abc import Sequence
from typing import Literal

from domain import commands as ask
from domain.commands import Command
from domain.heartbeat import outcome_of
from domain.keys import kind_of, mint_engine_key, routing_key_of, tick_id
from infrastructure.openclaw import calls
from infrastructure.openclaw.calls import Call
from infrastructure.openclaw.facts import accepted, facts_of, is_heartbeat, last_delivered
from infrastructure.openclaw.messages import decode_message, message_text
from infrastructure.recorder.contents import Contents
from infrastructure.recorder.deliveries import Part

KeyedBy = Literal["session-key", "session-id"]
"""By what the observed engine kept its state: `session-id` gives each isolated tick an engine key of its own."""


def engine_key_of(call: Call, keyed_by: KeyedBy) -> str | None:
    """Give the engine that a call belongs to; None for calls that belong to an instance and change no engine."""
    if isinstance(call.params, calls.Factory | calls.Dispose):
        return None
    if call.engine_key is not None:
        return call.engine_key
    return None if call.session_key is None else engine_key_for(call.session_key, call.session_id, keyed_by)


def engine_key_for(session_key: str, session_id: str | None, keyed_by: KeyedBy) -> str:
    """Give the engine key of a session; `session-id` mints one for each isolated tick."""
    if keyed_by == "session-id" and session_id is not None and kind_of(session_key) == "heartbeat":
        return mint_engine_key(session_key, session_id)
    return session_key


def parts_of(call: Call, engine_key: str) -> list[Part]:
    """Give what a call says for each engine that it touches: its own, and the routing key's where a tick begins."""
    routing_key = routing_key_of(call.session_key or engine_key)
    tick = tick_id(routing_key, call.session_id) if call.session_id else None
    if kind_of(routing_key) != "heartbeat" or tick is None:
        return [Part(engine_key, lambda loaded: _facts(call, engine_key, routing_key, loaded.contents, None))]
    if engine_key == routing_key:
        return [Part(engine_key, lambda loaded: _facts(call, engine_key, routing_key, loaded.contents, tick))]
    parts = [Part(engine_key, lambda loaded: _facts(call, engine_key, routing_key, loaded.contents, None))]
    if _tick_facts(call, engine_key, tick):
        opened = _opened(call, routing_key, routing_key)
        parts.append(Part(routing_key, lambda _loaded: [opened, *_tick_facts(call, engine_key, tick)]))
    return parts


def _opened(call: Call, engine_key: str, routing_key: str) -> ask.OpenEngine:
    return ask.OpenEngine(
        at=call.at,
        delivery_id=call.delivery_id,
        evidence="recorded" if isinstance(call.params, calls.Bootstrap) else "reconstructed",
        routing_key=routing_key,
        kind=kind_of(engine_key),
        opened_by=call.method,
        session_id=call.session_id,
    )


def _facts(call: Call, engine_key: str, routing_key: str, contents: Contents, tick: str | None) -> Sequence[Command]:
    facts = facts_of(call, contents)
    ticks = _tick_facts(call, engine_key, tick) if tick else _main_session_tick(call, engine_key, routing_key)
    begun = [fact for fact in ticks if isinstance(fact, ask.DispatchTick)]
    ended = [fact for fact in ticks if not isinstance(fact, ask.DispatchTick)]
    return [_opened(call, engine_key, routing_key), *begun, *facts, *ended]


def _tick_facts(call: Call, engine_key: str, tick: str) -> list[Command]:
    """Conclude from a heartbeat session's calls that its tick began, or ended; nobody says so."""
    match call.params:
        case calls.Bootstrap() | calls.Assemble():
            isolated = True if kind_of(engine_key) == "heartbeat-run" else None
            return [
                ask.DispatchTick(
                    at=call.at,
                    delivery_id=call.delivery_id,
                    evidence="reconstructed",
                    tick_id=tick,
                    session_id=call.session_id or "",
                    engine_key=engine_key,
                    isolated=isolated,
                )
            ]
        case _:
            return _settled(call, tick)


def _settled(call: Call, tick: str) -> list[Command]:
    last = last_delivered(call)
    if last is None or not accepted(last[1]):
        return []
    outcome = outcome_of(message_text(last[0]))
    return [
        ask.SettleTick(
            at=call.at, delivery_id=call.delivery_id, evidence="reconstructed", tick_id=tick, outcome=outcome
        )
    ]


def _main_session_tick(call: Call, engine_key: str, routing_key: str) -> list[Command]:
    """A heartbeat that is not isolated shows only when its turn is delivered: it is named by its first user message."""
    if not is_heartbeat(call) or call.session_id is None or kind_of(routing_key) == "heartbeat":
        return []
    first = next((message for raw in call.delivered if (message := decode_message(raw)).role == "user"), None)
    if first is None or first.timestamp is None:
        return []
    tick = tick_id(routing_key, call.session_id, first.timestamp)
    settled = _settled(call, tick)
    if not settled:
        return []
    dispatched = ask.DispatchTick(
        at=call.at,
        delivery_id=call.delivery_id,
        evidence="reconstructed",
        tick_id=tick,
        session_id=call.session_id,
        engine_key=engine_key,
        isolated=False,
    )
    return [dispatched, *settled]
