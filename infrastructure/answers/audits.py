"""Gathers the facts of each heartbeat routing key, for the rules of `domain.audit`."""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct, field

from domain.audit import ContextFact, Finding, Route, Source, audit
from domain.context import Chain, Context
from domain.entries import Reference, Revision
from domain.events import Basis, ContextAssembled, EntriesRecorded, PromptSubmitted, TextsRecorded, decode
from domain.keys import kind_of, tick_id
from domain.origin import Entry
from infrastructure.answers.contexts import origin_tick, own_by_nature
from infrastructure.answers.library import Library, Place
from infrastructure.answers.origins import Asked, origins_of
from infrastructure.answers.texts import told
from projections.sightings.projection import identity_digest


def findings(library: Library, gateway: str | None = None) -> list[Finding]:
    """Audit every heartbeat routing key of a gateway, or of all."""
    routes: dict[tuple[str, str], list[Place]] = {}
    for found in library.streams(gateway):
        if kind_of(found.routing_key) == "heartbeat":
            place = library.placed(found.gateway, found.engine_key, found.routing_key)
            routes.setdefault((found.gateway, found.routing_key), []).append(place)
    return [finding for key, places in sorted(routes.items()) for finding in audit(_route(library, *key, places))]


class _Recorded(Struct, frozen=True):
    basis: Basis
    number: int
    session_id: str
    event_id: str
    at: int
    prompt: int | None
    context: Context


class _Stream(Struct):
    """What the events of one stream say about its ticks."""

    sessions: dict[str, tuple[str, int]] = field(default_factory=dict)
    heartbeats: set[str] = field(default_factory=set)
    contexts: list[_Recorded] = field(default_factory=list)
    revisions: dict[Reference, Revision] = field(default_factory=dict)


def _route(library: Library, gateway: str, routing_key: str, places: Iterable[Place]) -> Route:
    sessions: list[tuple[str, str, str, str, int]] = []
    contexts: list[ContextFact] = []
    for place in places:
        stream = _read(library, place)
        isolated = _isolated(place, stream)
        sessions += [
            (place.engine_key, session_id, tick_id(routing_key, session_id), event_id, at)
            for session_id, (event_id, at) in stream.sessions.items()
            if session_id in isolated
        ]
        contexts += _facts(library, place, stream, isolated)
    sessions.sort(key=lambda one: one[4])
    contexts.sort(key=lambda one: one.at)
    return Route(gateway, routing_key, tuple(sessions), tuple(contexts))


def _read(library: Library, place: Place) -> _Stream:
    stream = _Stream()
    assembled, submitted = Chain(), Chain()
    for row in library.ledger.stream(place.gateway, place.engine_key):
        event = decode(row.payload)
        event_id, at = f"{row.partition}-{row.position}", event.occurred_at
        session_id = getattr(event, "session_id", None)
        if getattr(event, "heartbeat", None) and session_id is not None:
            stream.heartbeats.add(session_id)
        match event:
            case EntriesRecorded() | TextsRecorded():
                stream.revisions.update({one.reference: one for one in event.revisions})
                stream.sessions.setdefault(event.session_id, (event_id, at))
            case ContextAssembled():
                assembled = assembled.extended(event.delta)
                stream.sessions.setdefault(event.session_id, (event_id, at))
                stream.contexts.append(
                    _Recorded("assembled", event.call, event.session_id, event_id, at, event.prompt, assembled.last())
                )
            case PromptSubmitted():
                submitted = submitted.extended(event.delta)
                stream.contexts.append(
                    _Recorded("submitted", event.number, event.session_id, event_id, at, event.prompt, submitted.last())
                )
            case _:
                pass
    return stream


def _isolated(place: Place, stream: _Stream) -> set[str]:
    """Give the sessions that were isolated ticks: by their key, by what the host said, or as each tick has its own."""
    if kind_of(place.engine_key) == "heartbeat-run" or len(stream.sessions) > 1:
        return {*stream.sessions, *(one.session_id for one in stream.contexts)}
    return stream.heartbeats


def _facts(library: Library, place: Place, stream: _Stream, isolated: set[str]) -> list[ContextFact]:
    origins = _origins(library, place, stream)
    facts: list[ContextFact] = []
    unexplained = _unexplained(library, place, stream, origins)
    for one in stream.contexts:
        if one.session_id not in isolated:
            continue
        sources: Counter[tuple[str, str]] = Counter()
        unknown = 0
        for reference in one.context:
            origin = origins[reference.entry].origin(one.session_id)
            if origin is None:
                unknown += (reference, one.prompt) in unexplained
            elif origin.session_id != one.session_id:
                sources[origin.engine_key, origin.session_id] += 1
        facts.append(
            ContextFact(
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
                    Source(
                        origin_tick(engine_key, session_id, place if engine_key == place.engine_key else None),
                        engine_key,
                        session_id,
                        count,
                    )
                    for (engine_key, session_id), count in sources.items()
                ),
            )
        )
    return facts


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


def _unexplained(
    library: Library, place: Place, stream: _Stream, origins: dict[int, Entry]
) -> set[tuple[Reference, int | None]]:
    """Give the entries (with their context's prompt) that nobody delivered and that are not the call's own either."""
    wanted = {
        (reference, one.prompt)
        for one in stream.contexts
        for reference in one.context
        if not origins[reference.entry].deliveries
    }
    prompts = {Reference(0, prompt) for _reference, prompt in wanted if prompt is not None}
    contents = library.ledger.content(place.gateway, place.engine_key, {*prompts, *(one for one, _prompt in wanted)})
    unexplained: set[tuple[Reference, int | None]] = set()
    for reference, prompt in wanted:
        text = None if prompt is None else told(contents[0, prompt]).text
        if not own_by_nature(stream.revisions[reference].identity, told(contents[reference]), text):
            unexplained.add((reference, prompt))
    return unexplained
