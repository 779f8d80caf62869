"""Rows arrive as they were: every type, empty and missing, whatever is in it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from msgspec import Struct
from msgspec.structs import astuple

from projections.machinery.columns import Lexemes, RowWriter, register


class AnyRow(Struct, frozen=True):
    number: int
    text: str
    data: bytes | None
    stream: UUID
    flag: bool | None
    numbers: tuple[int, ...]
    names: tuple[str, ...] | None
    missing: int | None


INT8 = some.integers(-(2**63), 2**63 - 1)
TEXT = some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
ROWS = some.builds(
    AnyRow,
    INT8,
    TEXT,
    some.none() | some.binary(max_size=20),
    some.uuids(),
    some.none() | some.booleans(),
    some.lists(INT8, max_size=4).map(tuple),
    some.none() | some.lists(TEXT, max_size=4).map(tuple),
    some.none() | INT8,
)


@pytest.fixture
def scratch(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database, autocommit=True) as connection:
        register(connection.adapters)
        connection.execute(
            "create table anything (number bigint, text text, data bytea, stream uuid, flag boolean, numbers bigint[],"
            " names text[], missing bigint)"
        )
        connection.execute("create table words (partition bigint, words tsvector)")
        yield connection


def kind_of(connection: psycopg.Connection[Any], table: str) -> int:
    [(kind,)] = connection.execute("select %s::regtype::oid", (table,)).fetchall()
    return int(kind)


def test_rows_arrive_as_they_were(scratch: psycopg.Connection[Any]) -> None:
    writer, kind = RowWriter(AnyRow), kind_of(scratch, "anything")

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(rows=some.lists(ROWS, max_size=5))
    def check(rows: list[AnyRow]) -> None:
        found = scratch.execute("select r.* from unnest(%b::anything[]) r", (writer.written(rows, kind),)).fetchall()
        listed = [tuple(tuple(one) if isinstance(one, list) else one for one in row) for row in found]
        assert listed == [astuple(row) for row in rows]

    check()


def test_words_arrive_with_their_places(scratch: psycopg.Connection[Any]) -> None:
    class WordsRow(Struct, frozen=True):
        partition: int
        words: Lexemes

    rows = [
        WordsRow(1, Lexemes.of({"naïve": [1, 7], "agent": [2, 16383], "'quoted'": [3]})),
        WordsRow(2, Lexemes.of({})),
    ]
    writer = RowWriter(WordsRow)
    written = writer.written(rows, kind_of(scratch, "words"))
    found = scratch.execute("select partition, words::text from unnest(%b::words[])", (written,)).fetchall()
    assert found == [(1, "'''quoted''':3 'agent':2,16383 'naïve':1,7"), (2, "")]
    assert writer.hashed_as_text


def test_what_postgres_cannot_hold_stands_as_what_it_can(scratch: psycopg.Connection[Any]) -> None:
    row = AnyRow(2**70, "a\x00b\ud800", None, UUID(int=1), None, (-(2**70),), ("\x00",), None)
    written = RowWriter(AnyRow).written([row], kind_of(scratch, "anything"))
    [(number, text, numbers, names)] = scratch.execute(
        "select number, text, numbers, names from unnest(%b::anything[])", (written,)
    ).fetchall()
    assert (number, text, numbers, names) == (2**63 - 1, "a\\u0000b\\ud800", [-(2**63)], ["\\u0000"])
