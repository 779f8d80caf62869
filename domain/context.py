"""Contexts without quadratic cost: a context is a sequence of references, and each is kept as what changed.

A session of n turns assembles n contexts of up to n entries, so writing each in full costs O(n²). Where a context is a
few runs of consecutive entries it is written so; else as a splice into an earlier one. The n-th context of a stream is
spliced into the one whose number is n with its lowest set bit cleared (the parent in a Fenwick tree): the chain to
follow when it is read is as long as n has set bits, at most 32 for the first four billion, and each change is written
O(log n) times.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from hashlib import sha256
from itertools import repeat
from typing import assert_never

from msgspec import Struct

from domain.entries import Reference

CONTEXT_TAG = b"heartline.context.1"
"""The domain tag of context digests; another form of them would get another tag."""

Context = tuple[Reference, ...]
"""What a context holds, in order."""


class Run(Struct, frozen=True, array_like=True):
    """Consecutive entries, each in the same revision."""

    first: int
    length: int
    revision: int


class Whole(Struct, frozen=True, tag="whole", tag_field="form"):
    """A context as runs of entries."""

    runs: tuple[Run, ...]


class Splice(Struct, frozen=True, tag="splice", tag_field="form"):
    """A context as the first `head` and the last `tail` references of the context numbered `base`, and `middle`
    between.
    """

    base: int
    head: int
    tail: int
    middle: tuple[Run, ...]


Delta = Whole | Splice


_reference: Callable[[tuple[int, int]], Reference] = partial(tuple.__new__, Reference)
"""`Reference._make` without a Python call for each: contexts are long."""


def runs_of(context: Sequence[Reference], most: int | None = None) -> tuple[Run, ...]:
    """Write a context as runs; given `most`, stop when there are more."""
    runs: list[Run] = []
    first, length, revision = 0, 0, 0
    for entry, its_revision in context:
        if length and entry == first + length and its_revision == revision:
            length += 1
            continue
        if length:
            runs.append(Run(first, length, revision))
            if most is not None and len(runs) > most:
                return tuple(runs)
        first, length, revision = entry, 1, its_revision
    if length:
        runs.append(Run(first, length, revision))
    return tuple(runs)


def expand(runs: Iterable[Run]) -> Context:
    """Give the references that runs stand for."""
    return tuple(
        reference
        for run in runs
        for reference in map(_reference, zip(range(run.first, run.first + run.length), repeat(run.revision)))
    )


def common_prefix(one: Context, other: Context) -> int:
    """Count the references with which both contexts begin."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def common_suffix(one: Context, other: Context, most: int) -> int:
    """Count the references, at most `most`, with which both contexts end."""
    count = 0
    while count < most and one[-1 - count] == other[-1 - count]:
        count += 1
    return count


def base_number(number: int) -> int:
    """Give the number of the context that the context of this number may be spliced into; 0 is the empty one."""
    return number & (number - 1)


def delta_of(context: Context, number: int, base: Context) -> Delta:
    """Write the context of this number as runs or, where that is shorter, as a splice into its base."""
    head = common_prefix(base, context)
    tail = common_suffix(base, context, min(len(base), len(context)) - head)
    middle = runs_of(context[head : len(context) - tail])
    whole = runs_of(context, len(middle) + 1)
    if len(middle) + 1 < len(whole):
        return Splice(base_number(number), head, tail, middle)
    return Whole(whole)


def restore(delta: Delta, base: Context) -> Context:
    """Give the context that was written as this; `base` is read for a splice only."""
    match delta:
        case Whole():
            return expand(delta.runs)
        case Splice():
            return base[: delta.head] + expand(delta.middle) + base[len(base) - delta.tail :]
        case _:
            assert_never(delta)


def digest_of(digests: Sequence[bytes]) -> bytes:
    """Digest (32 bytes) of a context: a domain tag, the count, and the digests of its entries in order."""
    return sha256(CONTEXT_TAG + len(digests).to_bytes(8, "big") + b"".join(digests)).digest()


class Chain(Struct, frozen=True):
    """The contexts of one basis in a stream, as far as later ones may be spliced into them.

    `path` holds (number, context) of the last context and of its bases, the oldest first.
    """

    count: int = 0
    path: tuple[tuple[int, Context], ...] = ()

    def base(self) -> Context:
        """Give the base of the next context."""
        wanted = base_number(self.count + 1)
        return next((context for number, context in self.path if number == wanted), ())

    def next_delta(self, context: Context) -> Delta:
        """Write a context as the next of this chain."""
        return delta_of(context, self.count + 1, self.base())

    def extended(self, delta: Delta) -> "Chain":
        """Give the chain with the next context."""
        number = self.count + 1
        kept = tuple(held for held in self.path if held[0] <= base_number(number))
        return Chain(number, (*kept, (number, restore(delta, self.base()))))

    def last(self) -> Context:
        """Give the last context; the empty one where there is none."""
        return self.path[-1][1] if self.path else ()
