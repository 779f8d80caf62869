"""A generation is filled beside the live one; readers see the old one until the swap, and what differs is shown."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from infrastructure.ledger.ledger import Ledger
from projections.machinery.generations import (
    begin,
    build_indexes,
    compare,
    count,
    drop_filling,
    outdated,
    renew,
    swap,
)
from projections.machinery.projection import AnyProjection, Recorded
from projections.machinery.projector import Projector
from tests.projections.lines import ingest
from tests.projections.tallies import Tally, fold, take_in, tallies

SAID = (("a", "s1"), ("a", "s1"), ("b", "s2"), ("c", "s3"))


def ends(ledger: Ledger) -> dict[int, int]:
    return {head.partition: head.position for head in ledger.heads()}


def doubled(tally: Tally | None, one: Recorded) -> Any:
    """Count every entry twice: the fold of another version."""
    after, rows = fold(tally, one)
    before = tally.entries if tally else 0
    return replace(after, entries=before + 2 * (after.entries - before)), rows


@pytest.fixture
def model(ledger: Ledger, database: str, tmp_path: Path) -> AnyProjection:
    """Give a model that is live up to the end of a small ledger."""
    take_in(database)
    ingest(ledger, tmp_path, *SAID)
    Projector(ledger.connection, [tallies()]).catch_up(ends(ledger))
    return tallies()


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def read(owner: psycopg.Connection[Any]) -> list[int]:
    rows = owner.execute("select entries from heartline_projections.tallies order by words").fetchall()
    return [entries for (entries,) in rows]


def fill(ledger: Ledger, model: AnyProjection) -> int:
    generation = begin(ledger.connection, model)
    Projector(ledger.connection, [model], "filling").catch_up(ends(ledger))
    build_indexes(ledger.connection, "tallies", generation)
    return generation


def test_readers_see_the_old_rows_until_the_swap(
    ledger: Ledger, model: AnyProjection, owner: psycopg.Connection[Any]
) -> None:
    newer = tallies(version=2, fold=doubled)
    generation = fill(ledger, newer)
    assert read(owner) == [2, 1, 1]
    assert swap(ledger.connection, newer, generation)
    assert read(owner) == [4, 2, 2]


def test_a_generation_with_the_same_rows_compares_equal(ledger: Ledger, model: AnyProjection) -> None:
    fill(ledger, model)
    assert compare(ledger.connection, model, range(ledger.partitions)) == []


def test_rows_that_differ_are_shown_with_their_place(
    ledger: Ledger, model: AnyProjection, owner: psycopg.Connection[Any]
) -> None:
    fill(ledger, model)
    owner.execute("update heartline_projections.tallies_1 set entries = 99 where words = 's2'")
    owner.execute("delete from heartline_projections.tallies_1 where words = 's3'")
    found = compare(ledger.connection, model, range(ledger.partitions))
    assert {(one.partition, one.live_rows, one.new_rows) for one in found} == {
        (ledger.partition_of("g", "agent:b:main"), 1, 1),
        (ledger.partition_of("g", "agent:c:main"), 0, 1),
    }
    shown = {row for one in found for row in (*one.only_live, *one.only_new)}
    assert {row.rsplit(",", 2)[1] for row in shown} == {"99", "1"}


def test_a_generation_that_is_ahead_or_behind_is_brought_to_where_the_live_one_is(
    ledger: Ledger, model: AnyProjection, tmp_path: Path
) -> None:
    begin(ledger.connection, model)
    ingest(ledger, tmp_path, ("d", "s4"), first=10)
    Projector(ledger.connection, [model]).catch_up(ends(ledger))
    assert compare(ledger.connection, model, range(ledger.partitions)) == []


def test_a_generation_that_is_behind_does_not_take_over(
    ledger: Ledger, model: AnyProjection, tmp_path: Path, owner: psycopg.Connection[Any]
) -> None:
    generation = fill(ledger, model)
    ingest(ledger, tmp_path, ("d", "s4"), first=10)
    Projector(ledger.connection, [model]).catch_up(ends(ledger))
    assert not swap(ledger.connection, model, generation)
    assert read(owner) == [2, 1, 1, 1]


def test_a_generation_goes_on_where_it_was_left_and_another_version_begins_anew(
    ledger: Ledger, model: AnyProjection
) -> None:
    generation = fill(ledger, model)
    assert begin(ledger.connection, model) == generation
    assert Projector(ledger.connection, [model], "filling").behind(ends(ledger)) == {}
    assert begin(ledger.connection, tallies(version=2)) == generation
    assert {one.position for one in Projector(ledger.connection, [tallies(version=2)], "filling").reached()} == {0}


def test_a_generation_that_took_over_has_the_keys_and_indexes_of_its_shape_and_the_old_one_is_gone(
    ledger: Ledger, model: AnyProjection, owner: psycopg.Connection[Any]
) -> None:
    before = owner.execute("select to_regclass('heartline_projections.tallies_1')").fetchall()
    assert swap(ledger.connection, model, fill(ledger, model))
    assert before != [(None,)] == owner.execute("select to_regclass('heartline_projections.tallies_1')").fetchall()
    indexes = "select replace(indexdef, %s, '') from pg_indexes where tablename = %s order by 1"
    shape = owner.execute(indexes, ("tallies_0", "tallies_0")).fetchall()
    assert len(shape) == 2
    assert sorted(one[0].replace("_key", "_pkey") for one in owner.execute(indexes, ("tallies_2", "tallies_2"))) == [
        one for (one,) in shape
    ]
    assert count(ledger.connection, model, 2) == 3


def test_the_live_generation_can_not_be_dropped(ledger: Ledger, model: AnyProjection) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="is live"):
        ledger.connection.execute("select heartline.drop_generation('tallies', 1)")
    drop_filling(ledger.connection, model)


def test_a_reader_who_stays_does_not_make_others_wait_for_the_swap(
    ledger: Ledger, model: AnyProjection, database: str, owner: psycopg.Connection[Any]
) -> None:
    generation = fill(ledger, model)
    with psycopg.connect(database) as stays:
        stays.execute("select from heartline_projections.tallies").fetchall()
        assert not swap(ledger.connection, model, generation)
        assert read(owner) == [2, 1, 1]
    assert swap(ledger.connection, model, generation)


def test_folding_goes_on_in_the_generation_that_took_over(
    ledger: Ledger, model: AnyProjection, tmp_path: Path, owner: psycopg.Connection[Any]
) -> None:
    assert swap(ledger.connection, model, fill(ledger, model))
    ingest(ledger, tmp_path, ("a", "s1"), first=10)
    Projector(ledger.connection, [model]).catch_up(ends(ledger))
    assert read(owner) == [3, 1, 1]


def test_the_service_can_do_it_all_and_write_nothing_besides(
    ledger: Ledger, model: AnyProjection, database: str
) -> None:
    with psycopg.connect(database, autocommit=True) as service:
        service.execute("set role heartline_service")
        with Ledger.open(database) as own:
            own.connection.execute("set role heartline_service")
            assert swap(own.connection, model, fill(own, model))
        for statement in ("insert into", "update", "delete from", "truncate"):
            table = "heartline_projections.tallies_2"
            rest = {"insert into": "default values", "update": "set entries = 1"}.get(statement, "")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                service.execute(f"{statement} {table} {rest}".encode())


def test_what_another_version_folded_is_renewed_beside_it(
    ledger: Ledger, model: AnyProjection, tmp_path: Path, owner: psycopg.Connection[Any]
) -> None:
    newer = tallies(version=2, fold=doubled)
    assert outdated(ledger.connection, [newer]) == [newer]
    asked: list[list[int]] = []

    def go_on() -> bool:
        asked.append(read(owner))
        return True

    assert renew(ledger.connection, newer, lambda: ends(ledger), go_on)
    assert asked
    assert all(seen == [2, 1, 1] for seen in asked)
    assert read(owner) == [4, 2, 2]
    assert outdated(ledger.connection, [newer]) == []


def test_renewing_can_be_ended_and_gone_on_with(ledger: Ledger, model: AnyProjection) -> None:
    newer = tallies(version=2, fold=doubled)
    batches = iter([True, False])
    assert not renew(ledger.connection, newer, lambda: ends(ledger), lambda: next(batches))
    assert Projector(ledger.connection, [newer], "filling").behind(ends(ledger)) == {}
    assert renew(ledger.connection, newer, lambda: ends(ledger))


def test_the_service_cannot_begin_a_generation_of_what_is_no_projection(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as service:
        service.execute("set role heartline_service")
        with pytest.raises(psycopg.errors.RaiseException, match="there is no projection nonsense"):
            service.execute("select heartline.begin_generation('nonsense', 1)")


@pytest.mark.parametrize("generation", [0, 7])
def test_the_service_cannot_drop_the_shape_of_a_table_nor_a_generation_that_is_not(
    database: str, model: AnyProjection, generation: int
) -> None:
    with psycopg.connect(database, autocommit=True) as service:
        service.execute("set role heartline_service")
        with pytest.raises(psycopg.errors.RaiseException, match=f"no generation {generation} of {model.name}"):
            service.execute("select heartline.drop_generation(%s, %s)", (model.name, generation))
        assert service.execute("select heartline.begin_generation(%s, 1)", (model.name,)).fetchall() == [(2,)]
