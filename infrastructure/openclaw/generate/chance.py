"""Chance that is always the same: everything that the generator draws, it draws here."""

from collections.abc import Sequence
from hashlib import blake2b
from random import Random
from typing import TypeVar

Item = TypeVar("Item")


class Chance:
    """Draws from a seed. Only `random()` is used of Python's generator: it alone is promised to stay as it is.

    `name` tells runs apart whose seed is the same: it changes the ids.
    """

    def __init__(self, seed: int, name: str) -> None:
        self.share = Random(seed).random  # noqa: S311  # data is made of it, no secret
        self._ids = blake2b(digest_size=16, key=f"{seed}/{name}".encode()[:64])
        self._drawn = 0

    def below(self, count: int) -> int:
        """Give one of 0 … count - 1."""
        return int(self.share() * count)

    def between(self, least: int, most: int) -> int:
        """Give one of least … most."""
        return least + int(self.share() * (most - least + 1))

    def happens(self, probability: float) -> bool:
        """Say whether something happens that does so with this probability."""
        return self.share() < probability

    def one_of(self, items: Sequence[Item]) -> Item:
        """Give one of these."""
        return items[int(self.share() * len(items))]

    def uuid(self) -> str:
        """Give an id that was not given before."""
        self._drawn += 1
        drawing = self._ids.copy()
        drawing.update(b"%d" % self._drawn)
        drawn = drawing.hexdigest()
        return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-a{drawn[17:20]}-{drawn[20:]}"
