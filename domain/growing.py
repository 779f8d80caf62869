"""A map that only grows, shared by every state that was reached through it."""

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class GrowingMap(Generic[K, V]):
    """An immutable map to which keys are added, at the cost of what is added.

    Folding a long stream with copied dicts is quadratic. Here successive maps share one dict and each remembers how
    many of its keys it may see; adding to a map that is not the newest copies first, so no holder ever sees a change.
    """

    __slots__ = ("_known", "_order", "_seen")

    def __init__(self) -> None:
        self._known: dict[K, tuple[int, V]] = {}
        self._order: list[K] = []
        self._seen = 0

    def adding(self, items: Iterable[tuple[K, V]]) -> "GrowingMap[K, V]":
        """Give a map with these besides; a key that is there already keeps its value."""
        grown = GrowingMap[K, V]()
        if len(self._order) == self._seen:
            grown._known, grown._order = self._known, self._order
        else:
            grown._order = self._order[: self._seen]
            grown._known = {key: self._known[key] for key in grown._order}
        for key, value in items:
            if key not in grown._known:
                grown._known[key] = (len(grown._order), value)
                grown._order.append(key)
        grown._seen = len(grown._order)
        return grown

    def get(self, key: K) -> V | None:
        """Give the value of a key, or None."""
        found = self._known.get(key)
        return found[1] if found is not None and found[0] < self._seen else None

    def __getitem__(self, key: K) -> V:
        found = self._known[key]
        if found[0] >= self._seen:
            raise KeyError(key)
        return found[1]

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
