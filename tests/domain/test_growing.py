"""A map that only grows: shared as long as it grows in one line, and copied before any holder could see a change."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from domain.growing import GrowingMap

PAIRS = some.lists(some.tuples(some.integers(0, 12), some.integers(0, 3)), max_size=6)
STEPS = some.lists(some.tuples(some.integers(0, 30), PAIRS), max_size=25)
"""(which of the maps so far, what is added to it): a tree of maps."""


def _as_dict(grown: GrowingMap[int, int]) -> dict[int, int]:
    return {key: grown[key] for key in grown}


@settings(max_examples=100)
@given(steps=STEPS)
def test_every_map_of_a_tree_holds_what_a_copied_dict_would_and_its_order(
    steps: list[tuple[int, list[tuple[int, int]]]],
) -> None:
    maps: list[GrowingMap[int, int]] = [GrowingMap()]
    dicts: list[dict[int, int]] = [{}]
    for which, pairs in steps:
        before = which % len(maps)
        maps.append(maps[before].adding(pairs))
        expected = dict(dicts[before])
        for key, value in pairs:
            expected.setdefault(key, value)
        dicts.append(expected)
    for grown, expected in zip(maps, dicts, strict=True):
        assert list(_as_dict(grown).items()) == list(expected.items())
        assert len(grown) == len(expected)
        assert all((key in grown) == (key in expected) for key in range(13))
        assert all(grown.get(key) == expected.get(key) for key in range(13))


def test_a_holder_never_sees_what_was_added_later() -> None:
    old = GrowingMap[str, int]().adding([("a", 1)])
    new = old.adding([("b", 2)])
    assert ("b" in old, old.get("b"), len(old), list(old)) == (False, None, 1, ["a"])
    assert ("b" in new, new["b"], len(new), list(new)) == (True, 2, 2, ["a", "b"])
    with pytest.raises(KeyError, match="b"):
        old["b"]


def test_a_key_keeps_its_first_value() -> None:
    assert GrowingMap[str, int]().adding([("a", 1), ("a", 2)]).adding([("a", 3)])["a"] == 1


def test_two_that_grow_from_one_never_see_each_others_keys() -> None:
    root = GrowingMap[str, int]().adding([("a", 1)])
    left, right = root.adding([("b", 2)]), root.adding([("b", 3), ("c", 4)])
    assert {key: left[key] for key in left} == {"a": 1, "b": 2}
    assert {key: right[key] for key in right} == {"a": 1, "b": 3, "c": 4}
    assert left != right
    assert root.adding([("b", 2)]) == left


def test_maps_grow_in_one_line_without_a_copy() -> None:
    grown = first = GrowingMap[int, int]().adding([(0, 0)])
    for number in range(1, 1_000):
        grown = grown.adding([(number, number)])
    assert grown._known is first._known
    assert (len(first), len(grown)) == (1, 1_000)


def test_what_a_decision_tried_and_its_event_then_does_is_not_copied_either() -> None:
    held = GrowingMap[int, int]().adding([(1, 1)])
    tried = held.adding([(2, 2)]).adding([(3, 3)])
    done = held.adding([(2, 2), (3, 3)])
    assert done._known is tried._known is held._known
    assert done == tried


def test_nothing_is_shared_by_what_grows_from_the_same_empty_map() -> None:
    empty = GrowingMap[int, int]()
    one, other = empty.adding([(1, 1)]), empty.adding([(1, 1)])
    assert one._known is not other._known
    assert not empty._known


def test_maps_are_equal_by_what_they_hold() -> None:
    assert GrowingMap[int, int]() == GrowingMap[int, int]()
    assert GrowingMap[int, int]().adding([(1, 1)]) != GrowingMap[int, int]().adding([(1, 2)])
    assert GrowingMap[int, int]() != {}
