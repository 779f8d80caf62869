"""How many entries of other sessions the contexts of isolated ticks held, counted for many ticks at once.

The same is counted by `infrastructure.answers.audits`, which reads all events of a route; this reads what the
projections hold of the contexts that are asked about. (The rules: contracts, "Replay"; `domain.origin`.)
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from msgspec import Struct, field

from domain.events import Basis
from domain.origin import Entry
from infrastructure.answers.contexts import find_context
from infrastructure.answers.library import Library, Place
from infrastructure.answers.origins import Asked, deliveries_of, known_of
from projections.ranges import Ranges, as_set, pairs


class TickRun(Struct, frozen=True):
    """An isolated tick: the stream of its engine, its session, and between which times its contexts lie (µs)."""

    place: Place
    session_id: str
    since: int
    until: int


class Replay(Struct, frozen=True):
    """The most foreign entries that one context of a tick held, of the contexts of this basis, and the tokens of the
    first and of the largest of these; None if unknown.
    """

    entries: int | None = None
    basis: Basis | None = None
    tokens_start: int | None = None
    tokens_peak: int | None = None


class _Held(Struct, frozen=True):
    """The entries that a context held, as ranges of numbers; None where they are too many ranges to be on record."""

    basis: Basis
    number: int
    tokens: int | None
    ranges: Ranges | None


class _Origins(Struct):
    """Where entries of a stream came from, by their numbers: the session that delivered an entry first, or what is
    known of one to which its host gave no id.
    """

    named: dict[int, str] = field(default_factory=dict)
    unnamed: dict[int, Entry] = field(default_factory=dict)

    def foreign(self, entry: int, session_id: str) -> bool:
        """Say whether it is known that another session delivered the entry first."""
        first = self.named.get(entry)
        if first is not None:
            return first != session_id
        known = self.unnamed.get(entry)
        return known is not None and known.foreign(session_id) is True


def replays_of(library: Library, runs: Sequence[TickRun]) -> dict[TickRun, Replay]:
    """Count for each tick of which a context is on record: in what was submitted, else in what was assembled."""
    found = _contexts(library, runs)
    contexts = {run: _restored(library, run.place, held) for run, held in found.items()}
    origins = _origins(library, contexts)
    return {
        run: Replay(
            _most_foreign(origins[run.place.stream], run.session_id, contexts[run]),
            held[0].basis,
            held[0].tokens,
            max((one.tokens for one in held if one.tokens is not None), default=None),
        )
        for run, held in found.items()
    }


def _contexts(library: Library, runs: Sequence[TickRun]) -> dict[TickRun, list[_Held]]:
    """Give the contexts of each tick in their order, of the basis that counts; ticks without any are left out."""
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
    for place, basis, number, tokens, ranges in library.rows("ticks/contexts", wanted):
        held = _Held(basis, number, tokens, None if ranges is None else tuple(ranges))
        found.setdefault(runs[place - 1], {}).setdefault(basis, []).append(held)
    return {run: bases.get("submitted") or bases["assembled"] for run, bases in found.items()}


def _restored(library: Library, place: Place, held: Iterable[_Held]) -> set[Ranges]:
    """Give the different contexts, each as ranges; those that are not on record so are restored from their events."""
    contexts: set[Ranges] = set()
    for one in held:
        ranges = one.ranges
        if ranges is None:
            context = find_context(library, place, one.basis, one.number, None).context
            ranges = tuple(entry for reference in context for entry in (reference.entry, reference.entry))
        contexts.add(ranges)
    return contexts


def _most_foreign(origins: _Origins, session_id: str, contexts: Iterable[Ranges]) -> int:
    """Count the foreign entries of the context that holds the most; one that it holds twice counts twice."""
    foreign: dict[int, bool] = {}
    most = 0
    for ranges in contexts:
        total = 0
        for first, last in pairs(ranges):
            for entry in range(first, last + 1):
                if entry not in foreign:
                    foreign[entry] = origins.foreign(entry, session_id)
                total += foreign[entry]
        most = max(most, total)
    return most


def _origins(library: Library, contexts: Mapping[TickRun, set[Ranges]]) -> dict[UUID, _Origins]:
    """Give where all entries in some contexts came from, by the stream that numbers them."""
    held: dict[UUID, set[Ranges]] = {}
    places: dict[UUID, Place] = {}
    for run, ranges in contexts.items():
        places[run.place.stream] = run.place
        held.setdefault(run.place.stream, set()).update(ranges)
    asked = [(places[stream], *pair) for stream, some in held.items() for pair in _pairs_of(some)]
    origins = {stream: _Origins() for stream in places}
    if not asked:
        return origins
    wanted = {
        "gateways": [place.gateway for place, _first, _last in asked],
        "partitions": [place.partition for place, _first, _last in asked],
        "streams": [place.stream for place, _first, _last in asked],
        "first": [first for _place, first, _last in asked],
        "last": [last for _place, _first, last in asked],
    }
    unnamed: list[tuple[Place, int, bytes]] = []
    for stream, entry, identity, named, session_id in library.rows("origins/first_delivered", wanted):
        if not named:
            unnamed.append((places[stream], entry, bytes(identity)))
        elif session_id is not None:
            origins[stream].named[entry] = session_id
    for place, entry, known in _unnamed(library, unnamed):
        origins[place.stream].unnamed[entry] = known
    return origins


def _unnamed(library: Library, asked: Sequence[tuple[Place, int, bytes]]) -> Iterator[tuple[Place, int, Entry]]:
    """Give what is known of entries to which the host gave no id, by their identities: their content counts too."""
    if not asked:
        return
    wanted = {
        "partitions": [place.partition for place, _entry, _identity in asked],
        "streams": [place.stream for place, _entry, _identity in asked],
        "entries": [entry for _place, entry, _identity in asked],
    }
    equalities: dict[tuple[UUID, int], set[bytes]] = {}
    for stream, entry, equality in library.rows("origins/equalities", wanted):
        equalities.setdefault((stream, entry), set()).add(bytes(equality))
    for gateway in {place.gateway for place, _entry, _identity in asked}:
        here = [one for one in asked if one[0].gateway == gateway]
        deliveries = deliveries_of(library, gateway, {identity for _place, _entry, identity in here})
        for place, entry, identity in here:
            contents = frozenset(equalities.get((place.stream, entry), ()))
            known = known_of(
                place.stream, Asked(identity, named=False, equalities=contents), deliveries.get(identity, ())
            )
            yield place, entry, known


def _pairs_of(contexts: Iterable[Ranges]) -> list[tuple[int, int]]:
    """Give the entries of all contexts once, as ranges in ascending order."""
    return list(pairs(as_set(tuple(number for ranges in contexts for number in ranges))))
