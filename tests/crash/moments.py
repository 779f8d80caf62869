"""Random moments, which can be had again: how often to kill, and from which seed the moments are drawn."""

import os
from random import Random, SystemRandom

KILLS = int(os.environ.get("HEARTLINE_CRASHES") or 5)
"""How often each test kills in all."""

KILLS_A_LEDGER = 5
"""How many of these one ledger has to bear before it is compared with one that was never killed."""

SEED = os.environ.get("HEARTLINE_CRASH_SEED") or str(SystemRandom().getrandbits(32))


SERVICES = 4
"""How many times more often services are killed: under one load a kill costs less than with an import of its own."""


def rounds(kills: int = KILLS, a_ledger: int = KILLS_A_LEDGER) -> list[int]:
    """Give the kills of each ledger."""
    whole, rest = divmod(kills, a_ledger)
    return [a_ledger] * whole + [rest] * (rest > 0)


class Moments:
    """The moments of one test. What is drawn is printed, which pytest shows where the test fails."""

    def __init__(self, test: str) -> None:
        self._random = Random(f"{SEED} {test}")
        self.tell(f"HEARTLINE_CRASH_SEED={SEED} HEARTLINE_CRASHES={KILLS} draws the same moments again for {test}")

    def tell(self, what: str) -> None:
        print(what)  # noqa: T201  # captured, and shown where the test fails

    def within(self, first: int, last: int, what: str) -> int:
        """Draw a number, both ends included, and tell what it is of."""
        drawn = self._random.randint(first, last)
        self.tell(f"{what}: {drawn} of {first} to {last}")
        return drawn

    def ascending(self, count: int, first: int, last: int, what: str) -> list[int]:
        """Draw so many different ones, in order: so each run gets farther than the one before it."""
        drawn = sorted(self._random.sample(range(first, last + 1), count))
        self.tell(f"{what}: {drawn} of {first} to {last}")
        return drawn

    def one_of(self, *names: str) -> str:
        """Draw one of these."""
        drawn = self._random.choice(names)
        self.tell(f"drawn: {drawn} of {', '.join(names)}")
        return drawn

    def coin(self) -> bool:
        """Draw yes or no."""
        return self._random.random() < 0.5
