"""Entry numbers as ranges: which entries a context holds, in a few numbers however many they are.

Ranges are pairs of numbers in one row, (first, last, first, last, …): the entries of a context in their order, in
whatever revision; an entry that it holds twice stands there twice. Consecutive numbers make one range, so equal
sequences are equal ranges.
"""

from collections.abc import Iterable, Iterator
from typing import assert_never

from domain.context import Delta, Run, Splice, Whole, base_number

Ranges = tuple[int, ...]
"""Pairs of the first and the last number of consecutive entries, in order."""

Path = tuple[tuple[int, Ranges | None], ...]
"""The last context of a chain and those that later ones may be spliced into, each with its number, the oldest first;
None where it has too many ranges to be remembered. (`domain.context.Chain.path`, as ranges.)"""

MOST_RANGES = 64
"""So many are remembered of a context at most. One that has more is told of as None, and so is what is spliced into it:
its events still say what it held."""


def pairs(ranges: Ranges) -> Iterator[tuple[int, int]]:
    """Give the first and the last number of each range."""
    return zip(ranges[::2], ranges[1::2], strict=True)


def ranges_of(runs: Iterable[Run]) -> Ranges:
    """Give the entries of runs."""
    ranges: list[int] = []
    for run in runs:
        last = run.first + run.length - 1
        if ranges and run.first == ranges[-1] + 1:
            ranges[-1] = last
        else:
            ranges += (run.first, last)
    return tuple(ranges)


def joined(*parts: Ranges) -> Ranges:
    """Give the entries of all parts, one after the other."""
    ranges: list[int] = []
    for part in parts:
        if ranges and part and part[0] == ranges[-1] + 1:
            ranges[-1] = part[1]
            ranges += part[2:]
        else:
            ranges += part
    return tuple(ranges)


def head(ranges: Ranges, count: int) -> Ranges:
    """Give the first `count` entries."""
    taken: list[int] = []
    for first, last in pairs(ranges):
        if count <= 0:
            break
        taken += (first, min(last, first + count - 1))
        count -= last - first + 1
    return tuple(taken)


def tail(ranges: Ranges, count: int) -> Ranges:
    """Give the last `count` entries."""
    taken: list[int] = []
    for place in range(len(ranges) - 2, -1, -2):
        if count <= 0:
            break
        first, last = ranges[place], ranges[place + 1]
        taken[:0] = (max(first, last - count + 1), last)
        count -= last - first + 1
    return tuple(taken)


def count_of(ranges: Ranges) -> int:
    """Count the entries, one that is held twice twice."""
    return sum(ranges[1::2]) - sum(ranges[::2]) + len(ranges) // 2


def as_set(ranges: Ranges) -> Ranges:
    """Give each entry once, in ascending order."""
    found: list[int] = []
    for first, last in sorted(pairs(ranges)):
        if found and first <= found[-1] + 1:
            found[-1] = max(found[-1], last)
        else:
            found += (first, last)
    return tuple(found)


def without(ranges: Ranges, others: Ranges) -> Ranges:
    """Give each entry that is not among the others once, in ascending order."""
    left: list[int] = []
    gone = list(pairs(as_set(others)))
    at = 0
    for first, last in pairs(as_set(ranges)):
        while at < len(gone) and gone[at][1] < first:
            at += 1
        begin, place = first, at
        while place < len(gone) and gone[place][0] <= last:
            if gone[place][0] > begin:
                left += (begin, gone[place][0] - 1)
            begin = gone[place][1] + 1
            place += 1
        if begin <= last:
            left += (begin, last)
    return tuple(left)


def followed(path: Path, number: int, delta: Delta) -> Path:
    """Give the path of a chain with its next context, of this number, which is its last item."""
    base = base_number(number)
    kept = [held for held in path if held[0] <= base]
    ranges = _restored(delta, kept[-1][1] if kept and kept[-1][0] == base else None)
    return (*kept, (number, None if ranges is None or len(ranges) > 2 * MOST_RANGES else ranges))


def _restored(delta: Delta, base: Ranges | None) -> Ranges | None:
    match delta:
        case Whole():
            return ranges_of(delta.runs)
        case Splice():
            if delta.base == 0:
                return ranges_of(delta.middle)
            if base is None:
                return None
            return joined(head(base, delta.head), ranges_of(delta.middle), tail(base, delta.tail))
        case _:
            assert_never(delta)
