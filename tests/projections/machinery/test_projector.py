"""Rows and offsets move together; what a fold can't take is set aside, and the others go on."""

from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

from infrastructure.ledger.ledger import Ledger
from projections.machinery.generations import begin, swap
from projections.machinery.projection import AnyProjection
from projections.machinery.projector import Projector
from tests.projections.lines import ingest
from tests.projections.tallies import Tally, fold, take_in, tallies


def ends(ledger: Ledger) -> dict[int, int]:
    return {head.partition: head.position for head in ledger.heads()}


def told(database: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database) as owner:
        return owner.execute("select entries, words from heartline_projections.tallies order by 2, 1").fetchall()


def aside(database: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database) as owner:
        return owner.execute("select projection, error from heartline_projections.set_aside").fetchall()


@pytest.fixture
def model(database: str) -> AnyProjection:
    take_in(database)
    return tallies()


def test_an_event_that_a_fold_cannot_take_is_set_aside_with_its_error_and_the_others_go_on(
    ledger: Ledger, database: str, model: AnyProjection, tmp_path: Path
) -> None:
    ingest(ledger, tmp_path, ("a", "s1"), ("a", "unwelcome"), ("a", "s1"), ("b", "s2"))
    projector = Projector(ledger.connection, [model])
    projector.catch_up(ends(ledger))
    assert told(database) == [(2, "s1"), (1, "s2")]
    assert aside(database) == [("tallies", "Unwelcome: this session is not welcome")]
    assert projector.behind(ends(ledger)) == {}


def test_an_event_whose_rows_cannot_be_written_is_set_aside_and_the_others_go_on(
    ledger: Ledger, database: str, model: AnyProjection, tmp_path: Path
) -> None:
    ingest(ledger, tmp_path, ("a", "s1"), ("a", "s1"), ("a", "unwritable"), ("b", "s2"))
    Projector(ledger.connection, [model]).catch_up(ends(ledger))
    assert told(database) == [(2, "s1"), (1, "s2")]
    [(name, error)] = aside(database)
    assert (name, "CheckViolation" in error) == ("tallies", True)


def test_an_event_after_which_a_memory_cannot_be_written_is_set_aside_and_the_others_go_on(
    ledger: Ledger, database: str, model: AnyProjection, tmp_path: Path
) -> None:
    def beyond(tally: Tally | None, one: Any) -> Any:
        after, _rows = fold(tally, one)
        entries = 2**64 if after.words == "s2" else after.entries
        return Tally(after.partition, after.stream, entries, after.words), ()

    ingest(ledger, tmp_path, ("a", "s1"), ("a", "s2"), ("a", "s1"), ("b", "s3"))
    Projector(ledger.connection, [tallies(fold=beyond)]).catch_up(ends(ledger))
    assert told(database) == [(2, "s1"), (1, "s3")]
    [(name, error)] = aside(database)
    assert (name, "OverflowError" in error) == ("tallies", True)


def test_one_projection_that_cannot_take_an_event_does_not_keep_it_from_another(
    ledger: Ledger, database: str, model: AnyProjection, tmp_path: Path
) -> None:
    ingest(ledger, tmp_path, ("a", "s1"), ("a", "unwritable"), ("b", "s2"))
    from projections.engines.projection import ENGINES  # noqa: PLC0415

    Projector(ledger.connection, [ENGINES, model]).catch_up(ends(ledger))
    with psycopg.connect(database) as owner:
        engines = owner.execute("select engine_key, version from heartline_projections.engines order by 1").fetchall()
    assert [version for _key, version in engines] == [ledger.version("g", key) for key, _version in engines]
    assert [name for name, _error in aside(database)] == ["tallies"]


def test_an_event_of_a_later_version_is_set_aside_for_all(
    ledger: Ledger, database: str, model: AnyProjection, tmp_path: Path
) -> None:
    ingest(ledger, tmp_path, ("a", "s1"), ("a", "s1"))
    with psycopg.connect(database) as owner:
        owner.execute("alter table heartline.events disable trigger all")
        later = b'{"type":"EntriesRecorded","schema":99,"occurred_at":1}'
        owner.execute(
            "update heartline.events set payload = %s where type = 'EntriesRecorded' and version ="
            " (select max(version) from heartline.events)",
            (later,),
        )
    Projector(ledger.connection, [model]).catch_up(ends(ledger))
    assert told(database) == [(1, "s1")]
    [(_name, error)] = aside(database)
    assert "later version" in error


def test_a_fold_that_is_broken_off_leaves_neither_rows_nor_offsets(
    ledger: Ledger, database: str, model: AnyProjection, tmp_path: Path
) -> None:
    ingest(ledger, tmp_path, ("a", "s1"), ("b", "s2"))

    class Killed(BaseException):
        """As if the process ended there."""

    def killed(tally: Tally | None, one: Any) -> Any:
        if one.engine_key == "agent:b:main":
            raise Killed
        return fold(tally, one)

    with pytest.raises(Killed):
        Projector(ledger.connection, [tallies(fold=killed)]).catch_up(ends(ledger))
    assert told(database) == []
    assert all(one.position == 0 for one in Projector(ledger.connection, [model]).reached())
    Projector(ledger.connection, [model]).catch_up(ends(ledger))
    assert told(database) == [(1, "s1"), (1, "s2")]


def test_a_generation_of_another_version_is_left_as_it_is(
    ledger: Ledger, database: str, model: AnyProjection, tmp_path: Path
) -> None:
    ingest(ledger, tmp_path, ("a", "s1"))
    Projector(ledger.connection, [model]).catch_up(ends(ledger))
    ingest(ledger, tmp_path, ("a", "s1"), first=1)
    newer = Projector(ledger.connection, [tallies(version=2)])
    newer.catch_up(ends(ledger))
    assert told(database) == [(1, "s1")]
    assert newer.reached() == []


def test_appends_do_not_wait_for_those_who_fold(
    ledger: Ledger, database: str, model: AnyProjection, tmp_path: Path
) -> None:
    ingest(ledger, tmp_path, ("a", "s1"))
    appended: list[int] = []

    def append_meanwhile(tally: Tally | None, one: Any) -> Any:
        if not appended:  # the batch's transaction is open
            appended.append(1)
            with Ledger.open(database) as other:
                thread = Thread(target=ingest, args=(other, tmp_path, ("a", "s1")), kwargs={"first": 1})
                thread.start()
                thread.join(20)
                assert not thread.is_alive()
        return fold(tally, one)

    Projector(ledger.connection, [tallies(fold=append_meanwhile)]).catch_up(ends(ledger))
    assert sum(ends(ledger).values()) > 2
    Projector(ledger.connection, [model]).catch_up(ends(ledger))
    assert told(database) == [(2, "s1")]
    assert aside(database) == []


def test_only_what_folds_does_not_wait_for_the_disk(ledger: Ledger, model: AnyProjection) -> None:
    def waits() -> object:
        return ledger.connection.execute("select current_setting('synchronous_commit')").fetchone()

    with ledger.connection.transaction():
        ledger.connection.execute("select from heartline.hold_offsets(%s, 'live', %s)", ([model.name], [0]))
        assert waits() == ("off",)
    assert waits() == ("on",)


def test_who_folds_goes_on_with_the_generation_that_took_over_while_it_waited(
    ledger: Ledger, database: str, model: AnyProjection, tmp_path: Path
) -> None:
    ingest(ledger, tmp_path, ("a", "s1"))
    first, second = Ledger.open(database), Ledger.open(database)
    with first, second:
        generation = begin(first.connection, model)
        Projector(first.connection, [model], "filling").catch_up(ends(ledger))
        ingest(ledger, tmp_path, ("a", "s1"), first=1)
        with first.connection.transaction():
            assert swap(first.connection, model, generation)
            folding = Thread(target=Projector(second.connection, [model]).catch_up, args=(ends(ledger),))
            folding.start()
            waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and pid = %s"
            while ledger.connection.execute(waiting, (second.connection.info.backend_pid,)).fetchone() != (1,):
                assert folding.is_alive()
        folding.join(20)
    assert told(database) == [(2, "s1")]
