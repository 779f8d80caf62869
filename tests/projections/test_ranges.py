"""Ranges say of contexts what the contexts themselves say, but for revisions."""

from hypothesis import given
from hypothesis import strategies as some

from domain.context import Chain, Context, Run, Splice, Whole, base_number, expand, restore
from domain.entries import Reference
from projections.ranges import (
    MOST_RANGES,
    Path,
    Ranges,
    as_set,
    count_of,
    followed,
    head,
    joined,
    pairs,
    ranges_of,
    tail,
    without,
)

RUNS = some.lists(some.builds(Run, some.integers(1, 30), some.integers(1, 8), some.integers(1, 2)), max_size=8).map(
    tuple
)
COUNTS = some.integers(0, 80)


def entries(ranges: Ranges) -> list[int]:
    return [entry for first, last in pairs(ranges) for entry in range(first, last + 1)]


def entries_of(context: Context) -> list[int]:
    return [reference.entry for reference in context]


def written(numbers: list[int]) -> Ranges:
    """Numbers as ranges, by the shortest way there is."""
    return ranges_of([Run(number, 1, 1) for number in numbers])


@given(RUNS)
def test_runs_as_ranges_are_the_entries_of_the_runs_in_as_few_ranges_as_can_be(runs: tuple[Run, ...]) -> None:
    ranges = ranges_of(runs)
    assert entries(ranges) == entries_of(expand(runs))
    assert ranges == written(entries(ranges))
    assert count_of(ranges) == len(expand(runs))


@given(RUNS, RUNS, COUNTS, COUNTS, RUNS)
def test_a_splice_of_ranges_is_the_splice_of_the_context(
    whole: tuple[Run, ...], middle: tuple[Run, ...], first: int, last: int, more: tuple[Run, ...]
) -> None:
    base = expand(whole)
    first, last = min(first, len(base)), min(last, len(base))
    there = ranges_of(whole)
    spliced = joined(head(there, first), ranges_of(middle), tail(there, last))
    context = restore(Splice(1, first, last, middle), base)
    assert entries(spliced) == entries_of(context)
    assert spliced == written(entries(spliced))
    assert joined(spliced, (), ranges_of(more)) == written(entries(spliced) + entries_of(expand(more)))


@given(RUNS, RUNS)
def test_what_is_left_of_ranges_is_the_difference_of_the_sets(one: tuple[Run, ...], other: tuple[Run, ...]) -> None:
    these, those = ranges_of(one), ranges_of(other)
    assert entries(as_set(these)) == sorted(set(entries(these)))
    assert as_set(these) == written(sorted(set(entries(these))))
    assert without(these, those) == written(sorted(set(entries(these)) - set(entries(those))))


REFERENCES = some.builds(Reference, some.integers(1, 12), some.integers(1, 2))
CONTEXTS = some.lists(
    some.lists(REFERENCES, max_size=12)
    | some.integers(0, 40).map(lambda length: [Reference(entry, 1) for entry in range(1, length + 1)])
    | some.just([Reference(entry, 1) for entry in range(1, 4 * MOST_RANGES, 2)]),
    max_size=24,
)


@given(CONTEXTS)
def test_the_ranges_of_a_chain_are_those_of_its_contexts_or_unknown(contexts: list[list[Reference]]) -> None:
    chain, path = Chain(), tuple[tuple[int, Ranges | None], ...]()
    for number, references in enumerate(contexts, 1):
        context = tuple(references)
        delta = chain.next_delta(context)
        chain, path = chain.extended(delta), followed(path, number, delta)
        assert path[-1][0] == number
        assert [held[0] for held in path] == [held[0] for held in chain.path]
        ranges, exact = path[-1][1], written(entries_of(context))
        if ranges is None:
            spliced = isinstance(delta, Splice) and dict(path[:-1]).get(delta.base) is None
            assert spliced or len(exact) > 2 * MOST_RANGES
        else:
            assert ranges == exact


def test_what_is_remembered_of_a_chain_grows_with_the_bits_of_its_length_only() -> None:
    chain, path, most = Chain(), tuple[tuple[int, Ranges | None], ...](), 0
    context: Context = ()
    for number in range(1, 1_025):
        context = (*context, Reference(number, 1))
        delta = chain.next_delta(context)
        chain, path = chain.extended(delta), followed(path, number, delta)
        most = max(most, sum(len(ranges or ()) for _number, ranges in path))
    assert most <= 2 * 10


def test_a_context_that_is_spliced_into_one_that_was_never_met_is_unknown() -> None:
    path: Path = followed((), 3, Splice(2, 1, 0, (Run(7, 1, 1),)))
    assert path == ((3, None),)
    assert followed(path, 4, Whole((Run(1, 2, 1),))) == ((4, (1, 2)),)
    assert base_number(4) == 0
