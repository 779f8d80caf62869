"""The views for people: what they show, that they outlive a rebuild, and who may read them and nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from infrastructure.answers.library import Library
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.schema import READER_ROLE
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from projections.catalogue import PROJECTIONS
from projections.machinery.generations import begin, build_indexes, swap
from projections.machinery.projector import Projector
from tests.infrastructure.openclaw.transcripts import record_session, reply, user
from tests.projections.lines import ingest

VIEWS = {
    *(
        "engines",
        "ticks",
        "turns",
        "transcript_turns",
        "compactions",
        "keys",
        "contexts",
        "sightings",
        "entries",
        "projections",
        "event_log",
    ),
}
KEY = "agent:main:main:heartbeat"

Row = dict[str, Any]


@pytest.fixture
def owner(database: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def reader(database: str) -> Iterator[Connection[Any]]:
    """Somebody who comes with the reader's role, as psql does."""
    conninfo = make_conninfo(database, user=READER_ROLE)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    Importer(ledger, gateway="sample").import_recording(str(LIFECYCLE), lambda _bytes: None, str(TRACE))
    record_session(ledger, "s-1", user("hello"), reply("hi"), key="agent:other:main")
    Library(ledger).refresh()
    return ledger


def names(owner: Connection[Any], kinds: str, schema: str = "heartline") -> set[str]:
    rows = owner.execute(
        "select relname from pg_class where relnamespace = %s::regnamespace and relkind = any (%s)",
        (schema, list(kinds)),
    )
    return {name for (name,) in rows}


def shown(reader: Connection[Any], view: str) -> list[Row]:
    with reader.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(SQL("select * from heartline.{}").format(Identifier(view))).fetchall()


def test_every_view_shows_what_is_on_record(filled: Ledger, reader: Connection[Any], owner: Connection[Any]) -> None:
    assert names(owner, "v") >= VIEWS
    assert all(shown(reader, view) for view in names(owner, "v"))
    (engine,) = [one for one in shown(reader, "engines") if one["engine_key"] == KEY]
    assert (engine["turns"], engine["overflows"], engine["compactions"], engine["events"]) == (7, 2, 2, 129)
    assert f"{engine['opened_at']:%Y-%m-%d %H:%M:%S.%f %Z}" == "2026-11-23 22:00:02.234000 UTC"
    first = reader.execute("select type from heartline.event_log where event_id = %s", (engine["opened_by"],))
    assert first.fetchall() == [("EngineOpened",)]
    assert len([one for one in shown(reader, "keys") if one["routing_key"] == KEY]) == 7
    bases = [one["basis"] for one in shown(reader, "contexts") if one["engine_key"] == KEY]
    assert (bases.count("assembled"), len(set(bases))) == (25, 2)
    assert {(one["state"], one["lag"], one["set_aside"]) for one in shown(reader, "projections")} == {("live", 0, 0)}
    assert {one["projection"] for one in shown(reader, "projections")} == {one.name for one in PROJECTIONS}


def test_entries_have_their_messages_until_they_are_erased(
    filled: Ledger, reader: Connection[Any], owner: Connection[Any]
) -> None:
    entries = [one for one in shown(reader, "entries") if one["engine_key"] == KEY]
    assert {one["role"] for one in entries} == {"user", "assistant", "toolResult"}
    assert all(one["message"]["role"] == one["role"] and not one["erased"] for one in entries)
    owner.execute("update heartline.content set bytes = null, salt = null, equality = null where entry = 1")
    after = [one for one in shown(reader, "entries") if one["entry"] == 1]
    assert {(one["message"], one["role"], one["erased"], one["bytes"]) for one in after} == {(None, None, True, None)}
    # nothing was kept of it: that is not erased either
    owner.execute("update heartline.content set bytes = null where entry = 3")
    kept = [one for one in shown(reader, "entries") if one["entry"] == 3]
    assert {(one["message"], one["erased"], one["bytes"]) for one in kept} == {(None, False, None)}
    # jsonb can't hold a NUL: that is not an erased entry
    owner.execute("update heartline.content set bytes = %s where entry = 2", (b'"\\u0000"',))
    odd = [one for one in shown(reader, "entries") if one["entry"] == 2]
    assert {(one["message"], one["erased"]) for one in odd} == {(None, False)}


def test_sightings_tell_where_an_entry_came_first(filled: Ledger, reader: Connection[Any]) -> None:
    sightings = shown(reader, "sightings")
    again = {(one["engine_key"], one["entry"], one["revision"]) for one in sightings if one["again"]}
    first = [(one["engine_key"], one["entry"], one["revision"]) for one in sightings if not one["again"]]
    assert len(set(first)) == len(first) == len(shown(reader, "entries"))
    assert again <= set(first)


def test_what_is_not_folded_yet_is_told_as_lag(filled: Ledger, reader: Connection[Any], tmp_path: Path) -> None:
    before = {one["projection"]: one["folded"] for one in shown(reader, "projections")}
    ingest(filled, tmp_path, ("late", "s"))
    recorded = sum(head.position for head in filled.heads())
    for one in shown(reader, "projections"):
        assert one["folded"] == before[one["projection"]]
        assert one["folded"] + one["lag"] == recorded > before[one["projection"]]


def test_views_outlive_a_rebuild_and_show_the_new_rows(
    filled: Ledger, reader: Connection[Any], owner: Connection[Any]
) -> None:
    before = {view: sorted(map(repr, shown(reader, view))) for view in VIEWS - {"projections"}}
    ends = Library(filled).ends()
    for model in PROJECTIONS:
        generation = begin(filled.connection, model)
        Projector(filled.connection, [model], "filling").catch_up(ends)
        for table in model.tables:
            build_indexes(filled.connection, table.name, generation)
        assert swap(filled.connection, model, generation)
    assert {view: sorted(map(repr, shown(reader, view))) for view in before} == before
    assert {one["generation"] for one in shown(reader, "projections")} == {2}
    owner.execute("delete from heartline_projections.engines_2")
    assert shown(reader, "engines") == shown(reader, "entries") == []


def test_a_reader_may_read_the_views_and_nothing_else(
    filled: Ledger, reader: Connection[Any], owner: Connection[Any]
) -> None:
    hidden = names(owner, "rvmp", "heartline_projections")
    assert {"keys", "keys_1", "memories"} <= hidden
    for schema, found in (("heartline", names(owner, "rmp")), ("heartline_projections", hidden)):
        for name in found:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(SQL("select 1 from {}.{}").format(Identifier(schema), Identifier(name)))
    functions = owner.execute(
        "select proname, has_function_privilege(%s, oid, 'execute') from pg_proc"
        " where pronamespace = 'heartline'::regnamespace",
        (READER_ROLE,),
    ).fetchall()
    assert {name for name, may in functions if may} == {"as_jsonb"}
    reader.execute("set default_transaction_read_only = off")
    for change in (
        "delete from heartline.keys",
        "update heartline.engines set phase = 'closed'",
        "select heartline.name_gateway('\\x00', 'mine')",
        "create table heartline.mine ()",
        "create view heartline.mine as select 1",
        "set role heartline_service",
    ):
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)):
            reader.execute(change.encode())


def test_no_view_shows_what_proves_or_salts_anything(owner: Connection[Any]) -> None:
    columns = owner.execute(
        "select a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0"
        " where c.relnamespace = 'heartline'::regnamespace and c.relkind = 'v'"
    ).fetchall()
    assert not {name for (name,) in columns} & {"salt", "equality", "content_key", "digest", "leaf", "chain", "payload"}


def test_every_view_and_every_column_says_what_it_is(owner: Connection[Any]) -> None:
    rows = owner.execute(
        "select c.relname, a.attname, obj_description(c.oid), col_description(c.oid, a.attnum)"
        " from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0"
        " where c.relnamespace = 'heartline'::regnamespace and c.relkind = 'v'"
    ).fetchall()
    assert {view for view, *_rest in rows} >= VIEWS
    assert [(view, column) for view, column, said, of_column in rows if not (said and of_column)] == []


def test_times_and_counts_have_types_of_their_own(owner: Connection[Any]) -> None:
    rows = owner.execute(
        "select a.attname, format_type(a.atttypid, null) from pg_class c"
        " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0"
        " where c.relnamespace = 'heartline'::regnamespace and c.relkind = 'v'"
    ).fetchall()
    assert {kind for name, kind in rows if name.endswith("_at")} == {"timestamp with time zone"}
    assert {kind for _name, kind in rows} <= {
        *("text", "bigint", "integer", "boolean", "jsonb", "timestamp with time zone", "text[]", "bigint[]"),
    }
