"""A map that only grows, shared by every state that was reached through it."""

from collections.abc import Hashable, Iterable, Iterator
from operator import itemgetter
from typing import Generic, TypeVar

from msgspec import Struct, field

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_PLACE, _VALUE = itemgetter(0), itemgetter(1)


class GrowingMap(Generic[K, V]):
    """An immutable map to which keys are added, at the cost of what is added.

    Folding a long stream with copied dicts is quadratic. Here successive maps share one dict and each remembers how
    many of its keys it may see; adding to a map that is not the newest copies first, so no holder ever sees a change.
    But adding what the newest was given next only lets this one see it too: a decision tries what its event then does.
    """

    __slots__ = ("_known", "_order", "_seen")

    def __init__(self) -> None:
        self._known: dict[K, tuple[int, V]] = {}
        self._order: list[K] = []
        self._seen = 0

    def adding(self, items: Iterable[tuple[K, V]]) -> "GrowingMap[K, V]":
        """Give a map with these besides; a key that is there already keeps its value."""
        grown = GrowingMap[K, V]()
        if self._seen:  # an empty map is everyone's beginning: two streams never share what grows from it
            grown._known, grown._order, grown._seen = self._known, self._order, self._seen
        for key, value in items:
            if key in grown:
                continue
            if grown._known.get(key) != (grown._seen, value):
                grown._branch()
                grown._known[key] = (grown._seen, value)
                grown._order.append(key)
            grown._seen += 1
        return grown

    def _branch(self) -> None:
        if len(self._order) > self._seen:
            self._order = self._order[: self._seen]
            self._known = {key: self._known[key] for key in self._order}

    def get(self, key: K) -> V | None:
        """Give the value of a key, or None."""
        found = self._known.get(key)
        return found[1] if found is not None and found[0] < self._seen else None

    def __getitem__(self, key: K) -> V:
        found = self._known[key]
        if found[0] >= self._seen:
            raise KeyError(key)
        return found[1]

    def all_of(self, keys: Iterable[K]) -> tuple[V, ...]:
        """Give the values of keys, in order, all of which must be there."""
        found = list(map(self._known.__getitem__, keys))  # no Python code for each: contexts are long
        if self._seen < len(self._known) and max(map(_PLACE, found), default=-1) >= self._seen:
            raise KeyError("a key that this map does not see yet")
        return tuple(map(_VALUE, found))

    def __contains__(self, key: object) -> bool:
        found = self._known.get(key)  # type: ignore[arg-type]  # any object may be asked for, as with a dict
        return found is not None and found[0] < self._seen

    def __iter__(self) -> Iterator[K]:
        return iter(self._order[: self._seen])

    def __len__(self) -> int:
        return self._seen

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GrowingMap):
            return NotImplemented
        return self._seen == other._seen and all(key in other and other[key] == self[key] for key in self)

    __hash__ = None  # type: ignore[assignment]  # equal by content, and content may be unhashable

    def __repr__(self) -> str:
        return f"GrowingMap({ {key: self[key] for key in self} })"


class LatestMap(Struct, Generic[K, V], frozen=True):
    """An immutable map whose keys may be given newer values, at the cost of what is given; the latest one counts.

    Underneath it only grows: `values` holds each key's values by their number, 0, 1, 2, …
    """

    values: GrowingMap[tuple[K, int], V] = field(default_factory=GrowingMap[tuple[K, int], V])

    def setting(self, key: K, value: V) -> "LatestMap[K, V]":
        """Give a map in which this is the latest value of the key."""
        return LatestMap(self.values.adding([((key, self._count(key)), value)]))

    def get(self, key: K) -> V | None:
        """Give the latest value of a key, or None."""
        count = self._count(key)
        return self.values[key, count - 1] if count else None

    def _count(self, key: K) -> int:
        """Count a key's values, in as many steps as their count has bits."""
        held, missing = 0, 1
        while (key, missing - 1) in self.values:
            held, missing = missing, missing * 2
        while missing - held > 1:
            middle = (held + missing) // 2
            held, missing = (middle, missing) if (key, middle - 1) in self.values else (held, middle)
        return held
