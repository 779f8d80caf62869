"""Groups of several partitions in one call: one transaction, each group decided by itself."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from infrastructure.ledger.appending import Append, Appended, Group
from infrastructure.ledger.errors import AppendRefused
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from tests.infrastructure.ledger.appends import key_in, told

EVERYWHERE = range(16)


def transactions(ledger: Ledger) -> list[tuple[object, ...]]:
    return ledger.connection.execute("select distinct xmin::text from heartline.events").fetchall()


def test_groups_of_all_partitions_are_written_in_one_transaction(ledger: Ledger) -> None:
    done = ledger.append_groups([Group(p, [told(key_in(p), b"x"), told(key_in(p, 1), b"y")]) for p in EVERYWHERE])
    assert [[one.first_position for one in group] for group in done] == [[1, 2]] * 16
    assert len(transactions(ledger)) == 1
    assert verify(ledger).ok


def test_groups_are_answered_in_the_order_in_which_they_were_given(ledger: Ledger) -> None:
    ledger.append(9, [told(key_in(9), b"before")])
    groups = [
        Group(9, [told(key_in(9), b"x", expected=1), told(key_in(9, 1), b"y", expected=5)]),
        Group(2, [told(key_in(2), b"x", expected=3)]),
        Group(9, []),
        Group(0, [told(key_in(0), b"x", b"y", b"z", expected=0)]),
        Group(9, [told(key_in(9), b"z")]),
    ]
    done = ledger.append_groups(groups)
    assert [[(one.outcome, one.last_version) for one in group] for group in done] == [
        [("appended", 2), ("conflict", None)],
        [("conflict", None)],
        [],
        [("appended", 3)],
        [("appended", 3)],
    ]
    assert [row.payload for row in ledger.partition(9)] == [b"before", b"x", b"z"]


def test_what_one_group_was_refused_does_not_touch_another_one_of_the_same_stream(ledger: Ledger) -> None:
    key = key_in(3)
    ledger.append(3, [told(key, b"1", b"2", delivery="d")])
    groups = [
        Group(3, [told(key, b"a", expected=1), told(key, b"b", expected=2)]),
        Group(3, [told(key, b"1", b"2", delivery="d")]),
        Group(3, [told(key, b"c", expected=2)]),
        Group(3, [told(key, b"d", expected=2)]),
    ]
    assert [[one.outcome for one in group] for group in ledger.append_groups(groups)] == [
        ["conflict", "conflict"],
        ["duplicate"],
        ["appended"],
        ["conflict"],
    ]


def test_all_or_nothing_holds_across_partitions(ledger: Ledger) -> None:
    groups = [Group(1, [told(key_in(1), b"x")]), Group(2, [told(key_in(2), b"x", expected=7)])]
    with pytest.raises(AppendRefused, match="conflict"):
        ledger.append_groups(groups, all_or_nothing=True)
    assert transactions(ledger) == []


@pytest.mark.parametrize(
    "impossible",
    [told("agent:\0:main", b"x"), told("agent:main", b"x", expected=2**63), told("agent:main", b"x", delivery="d")],
    ids=["a-key-with-nul", "a-version-that-is-none", "a-delivery-key-too-long"],
)
def test_a_refused_call_wrote_to_no_partition(ledger: Ledger, impossible: Append) -> None:
    if impossible.delivery:
        noise = b"".join(one.to_bytes(2, "big") for one in range(20_000))  # which does not compress into an index entry
        impossible = Append("attic", "agent:main", impossible.stream, impossible.events, None, noise, noise)
    with pytest.raises(AppendRefused):
        ledger.append_groups([Group(1, [told(key_in(1), b"x")]), Group(2, [impossible])])
    assert transactions(ledger) == []


def test_a_key_that_is_no_unicode_is_refused_before_anything_is_sent(ledger: Ledger) -> None:
    lone = Append("attic", "agent:\ud800", told(key_in(1)).stream, [("Told", b"x")])
    with pytest.raises(AppendRefused, match="can't hold"):
        ledger.append(1, [lone])
    assert [one.outcome for one in ledger.append(1, [told(key_in(1), b"x")])] == ["appended"]


def test_the_database_takes_partitions_in_ascending_order_only_so_that_no_two_callers_deadlock(ledger: Ledger) -> None:
    with pytest.raises(Exception, match="partition 1 comes after partition 2"):
        ledger.connection.execute(
            "select heartline.append('{2,1}', '{0,0}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')"
        )


def test_callers_that_append_to_all_partitions_in_opposite_orders_never_deadlock(database: str, ledger: Ledger) -> None:
    calls, together = 60, Barrier(3)

    def append(number: int) -> list[Appended]:
        order = list(EVERYWHERE) if number % 2 else list(reversed(EVERYWHERE))
        with Ledger.open(database) as mine:
            together.wait()
            return [
                one
                for _call in range(calls)
                for group in mine.append_groups([Group(p, [told(key_in(p, number), b"x")]) for p in order])
                for one in group
            ]

    with ThreadPoolExecutor(3) as threads:
        done = [one for answers in threads.map(append, range(3)) for one in answers]
    assert {one.outcome for one in done} == {"appended"}
    assert [head.position for head in ledger.heads()] == [3 * calls] * 16
    assert verify(ledger).ok


class Asked(Struct, frozen=True):
    stream: int
    events: int
    expected: int | None
    delivery: int | None
    fingerprint: int


class Model:
    """What the append function should do, said again in a few lines."""

    def __init__(self) -> None:
        self.versions: dict[tuple[int, int], int] = {}
        self.delivered: dict[tuple[int, int, int], tuple[int, int, int]] = {}
        self.logs: dict[int, list[tuple[int, int]]] = {p: [] for p in range(3)}

    def append(self, partition: int, group: Sequence[Asked]) -> list[tuple[object, ...]]:
        refused: set[int] = set()
        return [self._one(partition, asked, refused) for asked in group]

    def _one(self, partition: int, asked: Asked, refused: set[int]) -> tuple[object, ...]:
        place = (partition, asked.stream)
        if asked.delivery is not None and (*place, asked.delivery) in self.delivered:
            refused.add(asked.stream)
            fingerprint, first, last = self.delivered[*place, asked.delivery]
            return ("duplicate" if fingerprint == asked.fingerprint else "mismatch", first, last, None)
        version = self.versions.get(place)
        if asked.expected is not None and (asked.stream in refused or asked.expected != (version or 0)):
            refused.add(asked.stream)
            return ("conflict", None, version, None)
        first, log = (version or 0) + 1, self.logs[partition]
        last, position = first + asked.events - 1, len(log) + 1
        log += [(asked.stream, first + n) for n in range(asked.events)]
        if asked.events:
            self.versions[place] = last
        if asked.delivery is not None:
            self.delivered[*place, asked.delivery] = (asked.fingerprint, first, last)
        return ("appended", first, last, position)


ASKED = st.builds(
    Asked,
    stream=st.integers(0, 1),
    events=st.integers(0, 3),
    expected=st.one_of(st.none(), st.integers(0, 4)),
    delivery=st.one_of(st.none(), st.integers(0, 1)),
    fingerprint=st.integers(0, 1),
)
CALLS = st.lists(st.lists(st.tuples(st.integers(0, 2), st.lists(ASKED, max_size=4)), max_size=4), max_size=4)
EXAMPLES = count()


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CALLS)
def test_whatever_is_grouped_comes_to_what_the_model_says(
    ledger: Ledger, calls: list[list[tuple[int, list[Asked]]]]
) -> None:
    model, example = Model(), next(EXAMPLES)
    begun = {head.partition: head.position for head in ledger.heads()}
    for call in calls:
        groups = [Group(p, [_append(example, p, asked) for asked in group]) for p, group in call]
        wanted: list[list[tuple[object, ...]]] = [[] for _group in call]
        for place in sorted(range(len(call)), key=lambda n: call[n][0]):
            wanted[place] = model.append(*call[place])
        found = [
            [
                (one.outcome, one.first_version, one.last_version, one.first_position and one.first_position - begun[p])
                for one in answers
            ]
            for (p, _group), answers in zip(call, ledger.append_groups(groups), strict=True)
        ]
        assert found == wanted
    for partition, log in model.logs.items():
        rows = ledger.partition(partition, after=begun[partition])
        assert [(row.engine_key, row.version) for row in rows] == [
            (f"{example}:{partition}:{stream}", version) for stream, version in log
        ]


def _append(example: int, partition: int, asked: Asked) -> Append:
    return told(
        f"{example}:{partition}:{asked.stream}",
        *(b"x" * n for n in range(asked.events)),
        expected=asked.expected,
        delivery=None if asked.delivery is None else str(asked.delivery),
        fingerprint=str(asked.fingerprint),
    )
