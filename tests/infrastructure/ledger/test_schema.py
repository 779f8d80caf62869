import psycopg
import pytest

from infrastructure.ledger.errors import NotALedger
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.schema import migrate, object_statements
from tests.databases import Databases

CATALOGS = {
    "columns": """
        select c.relname, c.relkind, c.relpersistence, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
            a.attnotnull, a.attidentity, a.attgenerated, a.attcollation, pg_get_expr(d.adbin, d.adrelid)
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        where c.relnamespace::regnamespace::text ~ '^heartline' and c.relkind in ('r', 'v', 'm', 'S', 'p')""",
    "constraints": """
        select conrelid::regclass::text, conname, contype, pg_get_constraintdef(oid)
        from pg_constraint where connamespace::regnamespace::text ~ '^heartline'""",
    "indexes": "select tablename, indexname, indexdef from pg_indexes where schemaname ~ '^heartline'",
    "functions": """
        select oid::regprocedure::text, pg_get_functiondef(oid) from pg_proc
        where pronamespace = 'heartline'::regnamespace""",
    "triggers": """
        select tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(t.oid)
        from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where c.relnamespace::regnamespace::text ~ '^heartline' and not tgisinternal""",
    "views": "select viewname, definition from pg_views where schemaname ~ '^heartline'",
    "comments": """
        select d.objoid::regclass::text, d.objsubid, d.description from pg_description d
        join pg_class c on c.oid = d.objoid and d.classoid = 'pg_class'::regclass
        where c.relnamespace::regnamespace::text ~ '^heartline'""",
}
ALEMBICS_OWN = "alembic_version"


def catalogs(conninfo: str) -> dict[str, list[str]]:
    with psycopg.connect(conninfo) as connection:
        found = {name: connection.execute(query.encode()).fetchall() for name, query in CATALOGS.items()}
    return {
        name: sorted(repr(row) for row in rows if ALEMBICS_OWN not in repr(row[:2])) for name, rows in found.items()
    }


@pytest.fixture
def from_objects(databases: Databases) -> str:
    conninfo = databases.make(partitions=None)
    with psycopg.connect(conninfo) as connection:
        for statement in object_statements():
            connection.execute(statement.encode())
    return conninfo


def test_the_migrations_make_the_schema_of_the_objects(from_objects: str, database: str) -> None:
    made, migrated = catalogs(from_objects), catalogs(database)
    assert made == migrated
    assert all(made.values())


def test_migrating_again_changes_nothing_and_keeps_the_ledger(database: str) -> None:
    before = catalogs(database)
    with Ledger.open(database) as ledger:
        made = ledger.ledger_id, ledger.partitions, ledger.content_key
    migrate(database, partitions=3)
    with Ledger.open(database) as ledger:
        assert (ledger.ledger_id, ledger.partitions, ledger.content_key) == made
        assert len(ledger.heads()) == 16
    assert catalogs(database) == before


def test_a_schema_of_a_later_version_is_refused(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("update heartline.alembic_version set version_num = '9999'")
    with pytest.raises(NotALedger, match=r"later version of heartline \(9999\): upgrade"):
        migrate(database)


def test_a_database_without_a_schema_is_no_ledger(databases: Databases) -> None:
    with pytest.raises(NotALedger, match="run `heartline migrate`"):
        Ledger.open(databases.make(partitions=None))


def test_what_runs_as_the_owner_has_a_search_path_of_its_own(database: str) -> None:
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select proname, proconfig from pg_proc where pronamespace = 'heartline'::regnamespace and prosecdef"
        ).fetchall()
    assert len(rows) >= 3
    assert {name for name, config in rows if "search_path=pg_catalog, pg_temp" not in (config or [])} == set()


@pytest.mark.parametrize("payload", [b"\xff", b"\x00", b"", b"{", b'"\\u0000"', b'"\\ud800"', b'{"a": 1e400000}'])
def test_the_view_for_people_shows_every_event_and_never_fails(ledger: Ledger, payload: bytes) -> None:
    ledger.connection.execute(
        "select heartline.append('{0}', '{1}', '{g}', '{k}', array[gen_random_uuid()], array[null]::bigint[],"
        " array[null]::bytea[], array[null]::bytea[], '{2}', '{0}', '{T,T}', array[%s, '{\"a\": 1}'::bytea])",
        [payload],
    )
    rows = ledger.connection.execute("select event_id, data from heartline.event_log order by version").fetchall()
    assert rows == [("0-1", None), ("0-2", {"a": 1})]
