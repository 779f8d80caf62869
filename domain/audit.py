"""The audit's rules: facts in, findings out. What the words mean stands in the contracts, "Replay" and "Basis"."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

from msgspec import Struct, field, to_builtins

from domain.events import Basis

Severity = Literal["error", "warning", "info"]
Status = Literal["found", "unknown"]

MOST_EVIDENCE = 50
"""How many events a finding names at most; `occurrences` counts them all."""

MINT_A_KEY = (
    "Give each isolated tick an engine key of its own, <base>:heartbeat-run:<session id>, on every lifecycle path, and "
    "keep the session key for routing only."
)


SWITCH_THE_TRACE_ON = (
    "To know what the model sees, switch the host's cache trace on (`openclaw config set "
    "diagnostics.cacheTrace.enabled true`, no restart is needed), let two ticks pass, and check again."
)

FLAT = 0.05
"""Sizes that differ by no more are equal (incidents, `context-growth`)."""

FEWEST_STEPS = 2
"""A context grows if it does so for two ticks or more (incidents, `context-growth`)."""

IMPORT_THE_TRACE = "To know what the model saw, import the host's cache trace beside the recording (--trace FILE)."


class Source(Struct, frozen=True):
    """Where foreign entries came from, and how many; `tick_id` is None where it was no tick."""

    tick_id: str | None
    engine_key: str
    session_id: str
    entries: int


class ContextFact(Struct, frozen=True):
    """One context of an isolated tick: how many of its entries are foreign, and from which ticks they came.

    `number` counts the contexts of its basis within the stream. `unknown` counts entries whose origin is not on record.
    """

    basis: Basis
    engine_key: str
    number: int
    session_id: str
    tick_id: str
    event_id: str
    at: int
    entries: int
    replayed: int
    unknown: int
    sources: tuple[Source, ...]


class TickFact(Struct, frozen=True):
    """An isolated tick that is on record, by its first event, and what the first of its billed model calls took in, as
    its provider counted it: None where none was billed.
    """

    engine_key: str
    tick_id: str
    event_id: str
    at: int
    input_tokens: int | None


class Route(Struct, frozen=True):
    """What is on record of the isolated ticks of one heartbeat routing key, in the order in which it happened.

    `sessions` are (engine key, session id, tick id, first event, its time in µs) of each session that was seen to use
    an engine: a host's store does not say which engine a session used, nor does its trace.
    """

    gateway: str
    routing_key: str
    sessions: tuple[tuple[str, str, str, str, int], ...]
    contexts: tuple[ContextFact, ...]
    ticks: tuple[TickFact, ...] = ()


class Finding(Struct, frozen=True):
    """What a rule found (contracts, `audit`). Times in µs since the Unix epoch."""

    code: str
    severity: Severity
    status: Status
    gateway: str
    routing_key: str
    engine_key: str
    tick_id: str | None
    first_at: int
    last_at: int
    occurrences: int
    summary: str
    advice: str
    evidence: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)


def audit(route: Route) -> list[Finding]:
    """Apply every rule to the ticks of one routing key."""
    found = (rule(route) for rule in (key_shared_across_ticks, replayed_entries))
    return [finding for finding in found if finding is not None]


def key_shared_across_ticks(route: Route) -> Finding | None:
    """Two or more isolated ticks kept their context under the same engine key."""
    keys: dict[str, list[tuple[str, str, int]]] = {}
    for engine_key, _session_id, tick_id, event_id, at in route.sessions:
        keys.setdefault(engine_key, []).append((tick_id, event_id, at))
    shared = {engine_key: ticks for engine_key, ticks in keys.items() if len(ticks) > 1}
    if not shared:
        return None
    engine_key, ticks = max(shared.items(), key=lambda item: len(item[1]))
    every = [tick for ticks in shared.values() for tick in ticks]
    return Finding(
        code="key-shared-across-ticks",
        severity="error",
        status="found",
        gateway=route.gateway,
        routing_key=route.routing_key,
        engine_key=engine_key,
        tick_id=ticks[1][0],
        first_at=min(at for _tick, _event, at in every),
        last_at=max(at for _tick, _event, at in every),
        occurrences=len(every),
        summary=f"{len(ticks)} isolated ticks kept their context under one engine key, {engine_key}.",
        advice=MINT_A_KEY,
        evidence=tuple(event_id for _tick, event_id, _at in every[:MOST_EVIDENCE]),
        facts={
            "engine_keys": [
                {"engine_key": engine_key, "ticks": [tick_id for tick_id, _event, _at in ticks]}
                for engine_key, ticks in shared.items()
            ]
        },
    )


def replayed_entries(route: Route) -> Finding | None:
    """A context of an isolated tick holds entries that were first delivered in another session.

    What was submitted is a fact. Where only the engine's answer is on record for a tick, the host may have ignored it:
    that is a suspicion.
    """
    submitted = {context.tick_id for context in route.contexts if context.basis == "submitted"}
    proved = [one for one in route.contexts if one.basis == "submitted" and one.replayed]
    suspected = [
        one for one in route.contexts if one.basis == "assembled" and one.replayed and one.tick_id not in submitted
    ]
    hits = proved or suspected
    if not hits:
        return _without_contexts(route)
    worst = max(hits, key=lambda one: one.replayed)
    ticks = len({one.tick_id for one in hits})
    verb = "submitted to the model" if proved else "assembled; what was submitted is not on record"
    return Finding(
        code="replayed-entries",
        severity="error" if proved else "warning",
        status="found" if proved else "unknown",
        gateway=route.gateway,
        routing_key=route.routing_key,
        engine_key=worst.engine_key,
        tick_id=hits[0].tick_id,
        first_at=hits[0].at,
        last_at=hits[-1].at,
        occurrences=len(hits),
        summary=(
            f"{len(hits)} contexts of {ticks} isolated tick{'s' if ticks > 1 else ''} hold entries of other ticks, "
            f"up to {worst.replayed} in one ({verb})."
        ),
        advice=MINT_A_KEY if proved else f"{MINT_A_KEY} {IMPORT_THE_TRACE}",
        evidence=tuple(one.event_id for one in hits[:MOST_EVIDENCE]),
        facts={
            "basis": "submitted" if proved else "assembled",
            "contexts": _listed(route.contexts, "assembled"),
            "submitted": _listed(route.contexts, "submitted"),
        },
    )


def _without_contexts(route: Route) -> Finding | None:
    """Answer for ticks of which no context is on record: that it is unknown, be it with a suspicion.

    A fresh context begins at the same size, so growth over fresh sessions is what a replay looks like from outside: at
    least half of the steps from tick to tick grow, twice or more. A compaction lets it fall, and it begins again.
    """
    with_contexts = {one.tick_id for one in route.contexts}
    ticks = [one for one in route.ticks if one.tick_id not in with_contexts]
    if not ticks:
        return None
    sizes = [(one, one.input_tokens) for one in ticks if one.input_tokens is not None]
    steps = list(pairwise(sizes))
    grown = [after for (_one, before), (after, size) in steps if size > before * (1 + FLAT)]
    suspicious = len(grown) >= FEWEST_STEPS and 2 * len(grown) >= len(steps)
    if not suspicious and route.contexts:
        return None
    told = grown if suspicious else ticks
    least, most = min((size for _one, size in sizes), default=0), max((size for _one, size in sizes), default=0)
    grew = (
        f"the first model calls of {len(sizes)} fresh sessions took in {least:,} to {most:,} tokens and grew "
        f"{len(grown)} times from one to the next"
    )
    flat = f"the first model calls of {len(sizes)} fresh sessions took in {least:,} to {most:,} tokens"
    return Finding(
        code="replayed-entries",
        severity="warning" if suspicious else "info",
        status="unknown",
        gateway=route.gateway,
        routing_key=route.routing_key,
        engine_key=told[0].engine_key,
        tick_id=told[0].tick_id,
        first_at=told[0].at,
        last_at=told[-1].at,
        occurrences=len(told),
        summary=f"Unknown whether {len(ticks)} isolated ticks replay others: what was submitted is not on record; "
        f"{grew if suspicious else flat}.",
        advice=f"{MINT_A_KEY} {SWITCH_THE_TRACE_ON}" if suspicious else SWITCH_THE_TRACE_ON,
        evidence=tuple(one.event_id for one in told[:MOST_EVIDENCE]),
        facts={
            "basis": None,
            "missing": ["submitted contexts", "assembled contexts"],
            "input_tokens": [{"tick_id": one.tick_id, "input_tokens": one.input_tokens} for one in ticks],
        },
    )


def _listed(contexts: Sequence[ContextFact], basis: Basis) -> list[dict[str, Any]]:
    return [
        {
            "engine_key": one.engine_key,
            "call" if basis == "assembled" else "submitted": one.number,
            "tick_id": one.tick_id,
            "event_id": one.event_id,
            "entries": one.entries,
            "replayed": one.replayed,
            "unknown": one.unknown,
            "from": [to_builtins(source) for source in one.sources],
        }
        for one in contexts
        if one.basis == basis
    ]
