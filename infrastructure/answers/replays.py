"""How many entries of other sessions the contexts of isolated ticks held, counted for many ticks at once.

The same is counted by `infrastructure.answers.audits`, which reads all events of a route; this reads what the
projections hold of the contexts that are asked about. (The rules: contracts, "Replay"; `domain.origin`.)
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from domain.events import Basis
from domain.origin import Entry
from infrastructure.answers.contexts import find_context
from infrastructure.answers.library import Library, Place
from infrastructure.answers.origins import Asked, Delivery, deliveries_of, known_of
from projections.ranges import Ranges, as_set, pairs


class TickRun(Struct, frozen=True):
    """An isolated tick: the stream of its engine, its session, and between which times its contexts lie (µs)."""

    place: Place
    session_id: str
    since: int
    until: int


class Replay(Struct, frozen=True):
    """The most foreign entries that one context of a tick held, of the contexts of this basis; None if unknown."""

    entries: int | None = None
    basis: Basis | None = None


class _Held(Struct, frozen=True):
    """The entries that a context held, as ranges of numbers; None where they are too many ranges to be on record."""

    basis: Basis
    number: int
    ranges: Ranges | None


def replays_of(library: Library, runs: Sequence[TickRun]) -> dict[TickRun, Replay]:
    """Count for each tick of which a context is on record: in what was submitted, else in what was assembled."""
    contexts = {run: _restored(library, run.place, held) for run, held in _contexts(library, runs).items()}
    origins = _origins(library, contexts)
    return {
        run: Replay(_most_foreign(origins.get(run.place.stream, {}), run.session_id, held), basis)
        for run, (basis, held) in contexts.items()
    }


def _contexts(library: Library, runs: Sequence[TickRun]) -> dict[TickRun, list[_Held]]:
    """Give the contexts of each tick, of the basis that counts; ticks without any are left out."""
    if not runs:
        return {}
    wanted = {
        "partitions": [run.place.partition for run in runs],
        "engines": [run.place.stream for run in runs],
        "engine_keys": [run.place.engine_key for run in runs],
        "sessions": [run.session_id for run in runs],
        "since": [run.since for run in runs],
        "until": [run.until for run in runs],
    }
    found: dict[TickRun, dict[Basis, list[_Held]]] = {}
    for place, basis, number, ranges in library.rows("ticks/contexts", wanted):
        held = _Held(basis, number, None if ranges is None else tuple(ranges))
        found.setdefault(runs[place - 1], {}).setdefault(basis, []).append(held)
    return {run: bases.get("submitted") or bases["assembled"] for run, bases in found.items()}


def _restored(library: Library, place: Place, held: Iterable[_Held]) -> tuple[Basis, set[Ranges]]:
    """Give the different contexts, each as ranges; those that are not on record so are restored from their events."""
    basis: Basis = "assembled"
    contexts: set[Ranges] = set()
    for one in held:
        basis = one.basis
        ranges = one.ranges
        if ranges is None:
            context = find_context(library, place, one.basis, one.number, None).context
            ranges = tuple(entry for reference in context for entry in (reference.entry, reference.entry))
        contexts.add(ranges)
    return basis, contexts


def _most_foreign(origins: Mapping[int, Entry], session_id: str, contexts: Iterable[Ranges]) -> int:
    """Count the foreign entries of the context that holds the most; one that it holds twice counts twice."""
    foreign: dict[int, bool] = {}

    def count(ranges: Ranges) -> int:
        total = 0
        for first, last in pairs(ranges):
            for entry in range(first, last + 1):
                if entry not in foreign:
                    known = origins.get(entry)
                    foreign[entry] = known is not None and known.foreign(session_id) is True
                total += foreign[entry]
        return total

    return max(map(count, contexts), default=0)


def _origins(library: Library, contexts: Mapping[TickRun, tuple[Basis, set[Ranges]]]) -> dict[UUID, dict[int, Entry]]:
    """Give what is known of the origins of all entries in some contexts, by the stream that numbers them."""
    held: dict[UUID, set[Ranges]] = {}
    places: dict[UUID, Place] = {}
    for run, (_basis, ranges) in contexts.items():
        places[run.place.stream] = run.place
        held.setdefault(run.place.stream, set()).update(ranges)
    streams = [(places[stream], pair) for stream, some in held.items() for pair in _pairs_of(some)]
    if not streams:
        return {}
    wanted = {
        "partitions": [place.partition for place, _pair in streams],
        "streams": [place.stream for place, _pair in streams],
        "first": [first for _place, (first, _last) in streams],
        "last": [last for _place, (_first, last) in streams],
    }
    asked: dict[UUID, dict[int, tuple[bytes, bool]]] = {}
    for stream, entry, identity, named in library.rows("origins/identities", wanted):
        asked.setdefault(stream, {})[entry] = bytes(identity), named
    equalities = _equalities(library, places, asked)
    deliveries: dict[str, dict[bytes, list[Delivery]]] = {}
    for gateway in {place.gateway for place in places.values()}:
        of_gateway = [entries for stream, entries in asked.items() if places[stream].gateway == gateway]
        identities = {identity for entries in of_gateway for identity, _named in entries.values()}
        deliveries[gateway] = deliveries_of(library, gateway, identities)
    return {
        stream: {
            entry: known_of(
                stream,
                Asked(identity, named, frozenset(equalities.get((stream, entry), ()))),
                deliveries[places[stream].gateway].get(identity, ()),
            )
            for entry, (identity, named) in entries.items()
        }
        for stream, entries in asked.items()
    }


def _equalities(
    library: Library, places: Mapping[UUID, Place], asked: Mapping[UUID, Mapping[int, tuple[bytes, bool]]]
) -> dict[tuple[UUID, int], set[bytes]]:
    """Give the keyed hashes of what is held of the entries to which the host gave no id; others are known by theirs."""
    unnamed = [
        (places[stream], entry)
        for stream, entries in asked.items()
        for entry, (_id, named) in entries.items()
        if not named
    ]
    if not unnamed:
        return {}
    wanted = {
        "partitions": [place.partition for place, _entry in unnamed],
        "streams": [place.stream for place, _entry in unnamed],
        "entries": [entry for _place, entry in unnamed],
    }
    equalities: dict[tuple[UUID, int], set[bytes]] = {}
    for stream, entry, equality in library.rows("origins/equalities", wanted):
        equalities.setdefault((stream, entry), set()).add(bytes(equality))
    return equalities


def _pairs_of(contexts: Iterable[Ranges]) -> list[tuple[int, int]]:
    """Give the entries of all contexts once, as ranges in ascending order."""
    return list(pairs(as_set(tuple(number for ranges in contexts for number in ranges))))
