"""Contexts are rebuilt exactly from what changed, in as few bytes and steps as the design promises."""

from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec import json

from domain.context import (
    Chain,
    Context,
    Delta,
    Run,
    Splice,
    Whole,
    base_number,
    common_prefix,
    common_suffix,
    delta_of,
    digest_of,
    expand,
    restore,
    runs_of,
)
from domain.entries import Reference

REFERENCES = some.builds(Reference, some.integers(0, 9), some.integers(1, 3))
CONTEXTS = some.lists(REFERENCES, max_size=12).map(tuple)
CHANGES = some.one_of(
    some.tuples(some.just("append"), some.integers(1, 4)),
    some.tuples(some.just("drop the first"), some.integers(1, 20)),
    some.tuples(some.just("swap a revision"), some.integers(0, 40)),
    some.tuples(some.just("hold one twice"), some.integers(0, 40)),
    some.tuples(some.just("reset"), some.integers(0, 3)),
    some.tuples(some.just("keep"), some.just(0)),
)
"""What hosts do to a context from one call to the next."""
SESSIONS = some.lists(CHANGES, max_size=60)


def _changed(context: Context, change: tuple[str, int], newest: int) -> tuple[Context, int]:
    what, amount = change
    match what:
        case "append":
            added = tuple(Reference(newest + more, 1) for more in range(1, amount + 1))
            return context + added, newest + amount
        case "drop the first":
            return context[amount:], newest
        case "swap a revision" if context:
            at = amount % len(context)
            entry, revision = context[at]
            return (*context[:at], Reference(entry, revision + 1), *context[at + 1 :]), newest
        case "hold one twice" if context:
            return (*context, context[amount % len(context)]), newest
        case "reset":
            return tuple(Reference(newest + more, 1) for more in range(1, amount + 1)), newest + amount
        case _:
            return context, newest


def _session(changes: list[tuple[str, int]]) -> list[Context]:
    contexts: list[Context] = []
    context: Context = ()
    newest = 0
    for change in changes:
        context, newest = _changed(context, change, newest)
        contexts.append(context)
    return contexts


def _digest(context: Context) -> bytes:
    return digest_of([sha256(f"{entry}/{revision}".encode()).digest() for entry, revision in context])


def _read(deltas: list[Delta], number: int) -> tuple[Context, int]:
    """Rebuild one context from the deltas alone, as a reader does, and count the splices on the way."""
    if number == 0:
        return (), 0
    delta = deltas[number - 1]
    match delta:
        case Whole():
            return restore(delta, ()), 0
        case Splice():
            base, depth = _read(deltas, delta.base)
            return restore(delta, base), depth + 1


@settings(max_examples=80, deadline=None)
@given(changes=SESSIONS)
def test_every_context_of_a_session_is_rebuilt_from_what_changed(changes: list[tuple[str, int]]) -> None:
    contexts, deltas, chain = _session(changes), list[Delta](), Chain()
    for context in contexts:
        deltas.append(chain.next_delta(context))
        chain = chain.extended(deltas[-1])
        assert chain.last() == context
    for number, context in enumerate(contexts, 1):
        rebuilt, depth = _read(deltas, number)
        assert rebuilt == context
        assert _digest(rebuilt) == _digest(context)
        assert depth <= number.bit_count()
    assert chain.count == len(contexts)


@given(context=CONTEXTS)
def test_runs_stand_for_the_context_they_were_made_of(context: Context) -> None:
    runs = runs_of(context)
    assert expand(runs) == context
    assert all(run.length > 0 for run in runs)


@given(context=CONTEXTS, base=CONTEXTS, number=some.integers(1, 2**40))
def test_a_delta_gives_its_context_back_and_is_never_longer_than_the_whole(
    context: Context, base: Context, number: int
) -> None:
    delta = delta_of(context, number, base)
    assert restore(delta, base) == context
    written = delta.runs if isinstance(delta, Whole) else delta.middle
    assert len(written) <= len(runs_of(context))


@given(one=CONTEXTS, other=CONTEXTS)
def test_prefix_and_suffix_are_the_longest_common_ones(one: Context, other: Context) -> None:
    head = common_prefix(one, other)
    assert one[:head] == other[:head]
    assert head == min(len(one), len(other)) or one[head] != other[head]
    most = min(len(one), len(other)) - head
    tail = common_suffix(one, other, most)
    assert one[len(one) - tail :] == other[len(other) - tail :]
    assert tail == most or one[-1 - tail] != other[-1 - tail]


@settings(max_examples=300)
@given(number=some.integers(1, 2**32 - 1))
def test_the_chain_of_bases_is_at_most_32_deep_for_the_first_four_billion_contexts(number: int) -> None:
    depth, at = 0, number
    while at:
        at, depth = base_number(at), depth + 1
    assert depth == number.bit_count()
    assert depth <= 32


def test_a_chain_holds_no_more_contexts_than_the_bits_of_their_number() -> None:
    chain = Chain()
    for number in range(1, 1_025):
        chain = chain.extended(chain.next_delta((Reference(number, 1),)))
        assert len(chain.path) <= number.bit_length()
        assert [held for held, _ in chain.path][-1] == number


def test_a_context_of_few_runs_is_written_whole_and_names_no_base() -> None:
    context = tuple(Reference(entry, 1) for entry in range(1, 1_001))
    assert delta_of(context, 7, context[:990]) == Whole((Run(1, 1_000, 1),))


def test_a_context_of_many_runs_is_written_as_a_splice_into_its_base() -> None:
    base = tuple(Reference(entry, 1 + entry % 2) for entry in range(1, 101))
    context = (*base[:50], Reference(51, 3), *base[51:], Reference(101, 1))
    assert delta_of(context, 7, base) == Splice(6, 50, 0, runs_of(context[50:]))
    assert delta_of((*base[:50], Reference(51, 3), *base[51:]), 7, base) == Splice(6, 50, 49, (Run(51, 1, 3),))


def _bytes_a_turn(turns: int) -> float:
    """The deltas' bytes of a session in the worst form for runs: each new entry in the other revision."""
    chain, context, written = Chain(), list[Reference](), 0
    for number in range(1, turns + 1):
        context.append(Reference(number, 1 + number % 2))
        delta = chain.next_delta(tuple(context))
        written += len(json.encode(delta))
        chain = chain.extended(delta)
    return written / turns


def test_bytes_grow_with_the_logarithm_of_a_session_with_alternating_revisions() -> None:
    short, long = _bytes_a_turn(200), _bytes_a_turn(2_000)
    assert short < 110
    assert long < 140
    assert long / short < 1.6  # log 2000 / log 200 = 1.43; linear growth would be 10


def test_a_digest_hangs_on_every_entry_their_order_and_their_count() -> None:
    one, two = sha256(b"1").digest(), sha256(b"2").digest()
    digests = {digest_of(entries) for entries in ([], [one], [two], [one, two], [two, one], [one, one])}
    assert len(digests) == 6
    assert digest_of([one]) == sha256(b"heartline.context.1" + (1).to_bytes(8, "big") + one).digest()
