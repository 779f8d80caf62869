"""Gathers the facts of each heartbeat routing key, for the rules of `domain.audit`."""

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct, field

from domain.audit import ContextFact, Finding, Route, Source, TickFact, audit
from domain.context import Chain, Context
from domain.entries import TEXTS, Reference, Revision
from domain.events import (
    Basis,
    ContextAssembled,
    EntriesRecorded,
    PromptSubmitted,
    TextsRecorded,
    TickDispatched,
    decode,
)
from domain.keys import kind_of, routing_key_of, tick_id
from domain.origin import Entry
from infrastructure.answers.contexts import origin_tick, own_by_nature
from infrastructure.answers.library import Library, Place
from infrastructure.answers.objects import FindingAnswer
from infrastructure.answers.origins import Asked, origins_of
from infrastructure.answers.texts import Told, told
from infrastructure.answers.times import rfc3339
from projections.origins.projection import WHOSE, identity_digest


def findings(library: Library, gateway: str | None = None) -> list[Finding]:
    """Audit every heartbeat routing key of a gateway, or of all."""
    routes: dict[tuple[str, str], list[Place]] = {}
    for found in library.streams(gateway):
        if kind_of(found.engine_key) in ("heartbeat", "heartbeat-run"):
            routing_key = routing_key_of(found.engine_key)
            place = library.placed(found.gateway, found.engine_key, routing_key)
            routes.setdefault((found.gateway, routing_key), []).append(place)
    return [finding for key, places in sorted(routes.items()) for finding in audit(_route(library, *key, places))]


def finding_answer(finding: Finding) -> FindingAnswer:
    """Write a finding as `audit` lists it."""
    return FindingAnswer(
        code=finding.code,
        severity=finding.severity,
        status=finding.status,
        gateway=finding.gateway,
        routing_key=finding.routing_key,
        engine_key=finding.engine_key,
        tick_id=finding.tick_id,
        first_at=rfc3339(finding.first_at),
        last_at=rfc3339(finding.last_at),
        occurrences=finding.occurrences,
        summary=finding.summary,
        advice=finding.advice,
        evidence=finding.evidence,
        facts=finding.facts,
    )


class _Stream(Struct):
    """What the events of one stream say of its sessions and entries: of those that are `known`, and of those among them
    that were seen to use the engine (`sessions`), each with its first event and its time.
    """

    sessions: dict[str, tuple[str, int]] = field(default_factory=dict)
    known: dict[str, tuple[str, int]] = field(default_factory=dict)
    first_calls: dict[str, int] = field(default_factory=dict)
    heartbeats: set[str] = field(default_factory=set)
    dispatched: dict[str, set[str]] = field(default_factory=dict)
    revisions: dict[Reference, Revision] = field(default_factory=dict)


class _Recorded(Struct, frozen=True):
    """One context with the event that records it."""

    basis: Basis
    number: int
    session_id: str
    event_id: str
    at: int
    prompt: int | None
    context: Context


def _route(library: Library, gateway: str, routing_key: str, places: list[Place]) -> Route:
    """Gather what is on record of the ticks of a route: in the streams of its own keys and in those that it names.

    A recorder can name any engine key for a tick. Such a stream may be shared with sessions that are no ticks, so only
    those count there that the route's own stream says were dispatched to it.
    """
    sessions: list[tuple[str, str, str, str, int]] = []
    contexts: list[ContextFact] = []
    ticks: list[TickFact] = []
    elsewhere: dict[str, set[str]] = {}
    for place in places:
        stream = _read(library, place)
        for engine_key, dispatched in stream.dispatched.items():
            elsewhere.setdefault(engine_key, set()).update(dispatched)
        _gather(library, place, stream, _isolated(place, stream), sessions, contexts)
        ticks += _ticks(place, stream, _isolated(place, stream))
    for engine_key in elsewhere.keys() - {place.engine_key for place in places}:
        place = library.placed(gateway, engine_key, routing_key)
        stream = _read(library, place)
        dispatched = elsewhere[engine_key]
        isolated = dispatched if len(dispatched) > 1 else dispatched & stream.heartbeats
        _gather(library, place, stream, isolated, sessions, contexts)
        ticks += _ticks(place, stream, isolated)
    sessions.sort(key=lambda one: one[4])
    contexts.sort(key=lambda one: one.at)
    ticks.sort(key=lambda one: one.at)
    return Route(gateway, routing_key, tuple(sessions), tuple(contexts), tuple(ticks))


def _ticks(place: Place, stream: _Stream, isolated: set[str]) -> Iterator[TickFact]:
    for session_id, (event_id, at) in stream.known.items():
        if session_id in isolated:
            tick = tick_id(place.routing_key, session_id)
            yield TickFact(place.engine_key, tick, event_id, at, stream.first_calls.get(session_id))


def _gather(
    library: Library,
    place: Place,
    stream: _Stream,
    isolated: set[str],
    sessions: list[tuple[str, str, str, str, int]],
    contexts: list[ContextFact],
) -> None:
    sessions += [
        (place.engine_key, session_id, tick_id(place.routing_key, session_id), event_id, at)
        for session_id, (event_id, at) in stream.sessions.items()
        if session_id in isolated
    ]
    contexts += _facts(library, place, stream, isolated)


def _read(library: Library, place: Place) -> _Stream:
    stream = _Stream()
    for row in library.ledger.stream(place.gateway, place.engine_key):
        event = decode(row.payload)
        session_id = getattr(event, "session_id", None)
        if getattr(event, "heartbeat", None) and session_id is not None:
            stream.heartbeats.add(session_id)
        event_id = f"{row.partition}-{row.position}"
        match event:
            case EntriesRecorded() | TextsRecorded():
                stream.revisions.update({one.reference: one for one in event.revisions})
                stream.known.setdefault(event.session_id, (event_id, event.occurred_at))
                if isinstance(event, EntriesRecorded) and event.sighted in WHOSE:
                    _note_first_call(stream, event)
                if not isinstance(event, EntriesRecorded) or event.sighted in ("submission", "transcript"):
                    continue  # it says nothing of which engine was used
            case ContextAssembled():
                stream.known.setdefault(event.session_id, (event_id, event.occurred_at))
            case PromptSubmitted():
                stream.known.setdefault(event.session_id, (event_id, event.occurred_at))
                continue
            case TickDispatched(engine_key=engine_key, session_id=session):
                stream.dispatched.setdefault(engine_key, set()).add(session)
                continue
            case _:
                continue
        stream.sessions.setdefault(event.session_id, (event_id, event.occurred_at))
    return stream


def _note_first_call(stream: _Stream, event: EntriesRecorded) -> None:
    """Note what the first call of a session took in, as its provider counted it."""
    if event.session_id in stream.first_calls:
        return
    billed = next((one.billed for one in event.revisions if one.billed is not None), None)
    if billed is not None:
        taken_in = billed.input + billed.cache_read + billed.cache_write
        stream.first_calls[event.session_id] = taken_in


def _isolated(place: Place, stream: _Stream) -> set[str]:
    """Give the sessions that were isolated ticks: by their key, by what the host said, or as each tick has its own."""
    if kind_of(place.engine_key) == "heartbeat-run" or len(stream.known) > 1:
        return set(stream.known)
    return stream.heartbeats


def _contexts(library: Library, place: Place) -> Iterator[_Recorded]:
    """Read the contexts of a stream one by one: all of them together would take the square of their number."""
    assembled, submitted = Chain(), Chain()
    for row in library.ledger.stream(place.gateway, place.engine_key):
        event_id = f"{row.partition}-{row.position}"
        match decode(row.payload):
            case ContextAssembled(call=number, session_id=session_id, prompt=prompt, delta=delta, occurred_at=at):
                assembled = assembled.extended(delta)
                yield _Recorded("assembled", number, session_id, event_id, at, prompt, assembled.last())
            case PromptSubmitted(number=number, session_id=session_id, prompt=prompt, delta=delta, occurred_at=at):
                submitted = submitted.extended(delta)
                yield _Recorded("submitted", number, session_id, event_id, at, prompt, submitted.last())
            case _:
                pass


def _facts(library: Library, place: Place, stream: _Stream, isolated: set[str]) -> Iterator[ContextFact]:
    origins = _origins(library, place, stream)
    explained = _Explained(library, place, stream)
    for one in _contexts(library, place):
        if one.session_id not in isolated:
            continue
        sources: Counter[tuple[str, str]] = Counter()
        unknown = 0
        for reference in one.context:
            origin = origins[reference.entry].origin(one.session_id)
            if origin is None:
                unknown += not explained.own(reference, one.prompt)
            elif origin.session_id != one.session_id:
                sources[origin.engine_key, origin.session_id] += 1
        yield ContextFact(
            basis=one.basis,
            engine_key=place.engine_key,
            number=one.number,
            session_id=one.session_id,
            tick_id=tick_id(place.routing_key, one.session_id),
            event_id=one.event_id,
            at=one.at,
            entries=len(one.context),
            replayed=sources.total(),
            unknown=unknown,
            sources=tuple(
                Source(_tick(place, stream, engine_key, session_id), engine_key, session_id, count)
                for (engine_key, session_id), count in sources.items()
            ),
        )


def _tick(place: Place, stream: _Stream, engine_key: str, session_id: str) -> str | None:
    if engine_key != place.engine_key:
        return origin_tick(engine_key, session_id, None)
    own = kind_of(engine_key) in ("heartbeat", "heartbeat-run") or session_id in stream.heartbeats
    return tick_id(place.routing_key, session_id) if own else None


def _origins(library: Library, place: Place, stream: _Stream) -> dict[int, Entry]:
    equalities: dict[int, set[bytes]] = {}
    for entry, _revision, equality in library.ledger.equalities(place.gateway, place.engine_key):
        equalities.setdefault(entry, set()).add(equality)
    asked = {
        one.entry: Asked(
            identity_digest(one.identity), bool(one.discriminator), frozenset(equalities.get(one.entry, ()))
        )
        for one in stream.revisions.values()
    }
    return origins_of(library, place, asked)


class _Explained:
    """Tells which entries that nobody delivered are a call's own by their nature; reads the content of those only."""

    def __init__(self, library: Library, place: Place, stream: _Stream) -> None:
        self._library, self._place, self._stream = library, place, stream
        self._told: dict[Reference, Told] = {}

    def own(self, reference: Reference, prompt: int | None) -> bool:
        text = None if prompt is None else self._content(Reference(TEXTS, prompt)).text
        return own_by_nature(self._stream.revisions[reference].identity, self._content(reference), text)

    def _content(self, reference: Reference) -> Told:
        if reference not in self._told:
            held = self._library.ledger.content(self._place.gateway, self._place.engine_key, [reference])
            self._told[reference] = told(held[reference])
        return self._told[reference]
