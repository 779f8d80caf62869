"""Mutations of what a host wrote: the same again for the same seed, which pytest shows where a test fails."""

from collections.abc import Iterator
from random import Random

from tests.crash.moments import KILLS, SEED

CASES = 200 if KILLS <= 5 else 200 * KILLS
"""How many cases each reader has to bear: 200 in `make test`, 10,000 in `make crash`."""

_PIECES = (
    b"\x00",
    b"\n",
    b"\r\n",
    b"\xff",
    b"\xed\xa0\x80",
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"null",
    b"-1",
    b"1e999",
    b"\\ud800",
    b"[" * 600,
    b"9" * 400,
    b"A" * 70_000,
)


def mutated(given: bytes, test: str, cases: int = CASES) -> Iterator[tuple[Random, bytes]]:
    """Give the bytes with some of them flipped, cut away, doubled or replaced, case by case."""
    print(f"HEARTLINE_CRASH_SEED={SEED} draws the same mutations again for {test}")  # noqa: T201  # shown on failure
    for case in range(cases):
        random = Random(f"{SEED} {test} {case}")
        changed = bytearray(given)
        for _ in range(random.choice((1, 1, 2, 8))):
            at = random.randint(0, len(changed))
            to = min(len(changed), at + random.choice((0, 1, 1, 5, 50, 5_000)))
            match random.randrange(5):
                case 0:
                    changed[at:to] = random.choice(_PIECES)
                case 1:
                    del changed[at:to]
                case 2:
                    changed[at:at] = changed[at:to]
                case 3:
                    del changed[at:]
                case _:
                    changed[at:to] = bytes(byte ^ (1 << random.randrange(8)) for byte in changed[at:to])
        yield random, bytes(changed)
