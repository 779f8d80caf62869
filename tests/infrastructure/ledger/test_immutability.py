from collections.abc import Iterator

import psycopg
import pytest
from psycopg import Connection

from infrastructure.ledger.appending import Appended
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.schema import SERVICE_ROLE
from infrastructure.ledger.verify import verify
from tests.infrastructure.ledger.appends import key_in, told

KEY = key_in(0)
CHANGES = [
    "update heartline.events set type = 'Other'",
    "update heartline.events set type = type where false",
    "delete from heartline.events",
    "delete from heartline.events where false",
    "truncate heartline.events",
    "truncate heartline.ledger, heartline.events cascade",
    "update heartline.deliveries set last_version = 9",
    "delete from heartline.deliveries",
    "truncate heartline.deliveries",
]
INSERTS = [
    "insert into heartline.events select 0, 99, stream, 99, 'g', 'k', 't', 1, '', '', '' from heartline.events",
    "insert into heartline.deliveries select 0, ''::bytea, stream, fingerprint, 1, 1 from heartline.deliveries",
    "insert into heartline.content select 0, stream, 1, 1, null, null, null from heartline.events",
    "insert into heartline.heads select 99, ledger_id from heartline.ledger",
]
OWNERS_OWN = [
    "alter table heartline.events disable trigger all",
    "alter table heartline.events disable trigger events_are_immutable",
    "drop trigger events_are_immutable on heartline.events",
    "drop table heartline.events",
    "drop schema heartline cascade",
    "drop function heartline.refuse_change() cascade",
    "create or replace function heartline.refuse_change() returns trigger language plpgsql as 'begin end'",
    "alter table heartline.events rename to gone",
    "alter table heartline.events owner to heartline_service",
    "set session_replication_role = replica",
    "update heartline.content set bytes = null",
    "delete from heartline.content",
    "delete from heartline.heads",
    "update heartline.ledger set partitions = 1",
    "create table heartline.mine ()",
    "create function heartline.mine() returns void language sql as ''",
]


@pytest.fixture
def _something_recorded(ledger: Ledger) -> None:
    ledger.append(0, [told(KEY, b"x", b"y", delivery="d")])


@pytest.fixture
def service(database: str) -> Iterator[Connection[tuple[object, ...]]]:
    with psycopg.connect(database, user=SERVICE_ROLE, autocommit=True) as connection:
        yield connection


@pytest.mark.usefixtures("_something_recorded")
@pytest.mark.parametrize("change", CHANGES)
def test_what_was_recorded_is_not_changed_even_by_the_owner(ledger: Ledger, change: str) -> None:
    before = ledger.partition(0)
    with pytest.raises(psycopg.Error) as refused:
        ledger.connection.execute(change.encode())
    assert refused.value.sqlstate == "HL003"
    assert ledger.partition(0) == before


@pytest.mark.usefixtures("_something_recorded")
@pytest.mark.parametrize("change", CHANGES + INSERTS + OWNERS_OWN)
def test_the_service_may_change_nothing_by_itself(service: Connection[tuple[object, ...]], change: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        service.execute(change.encode())


def test_the_service_may_append_and_read(database: str) -> None:
    with Ledger.open(f"{database} user={SERVICE_ROLE}") as ledger:
        assert isinstance(ledger.append(0, [told(KEY, b"x", delivery="d")])[0], Appended)
        assert [row.payload for row in ledger.partition(0)] == [b"x"]
        assert ledger.heads()[0].position == 1
        assert ledger.name_gateway(b"source", "attic") == "attic"
        assert verify(ledger).ok


@pytest.mark.parametrize("kind", ["bytea", "uuid", "text"])
def test_the_service_can_not_run_its_own_code_as_the_owner(
    service: Connection[tuple[object, ...]], ledger: Ledger, kind: str
) -> None:
    """A type of the caller's own, named as one that the function declares, would run its check as the owner."""
    service.execute(
        f"create function pg_temp.evil(it pg_catalog.{kind}) returns boolean language plpgsql as $$ begin"
        " if current_user <> session_user then alter table heartline.events disable trigger all; end if;"
        " return true; end $$;"
        f"create domain pg_temp.{kind} as pg_catalog.{kind} check (pg_temp.evil(value));".encode()
    )
    service.execute(
        "select heartline.append('{0}', '{1}', '{g}', '{k}', array[gen_random_uuid()], array[null]::bigint[],"
        " array[null]::pg_catalog.bytea[], array[null]::pg_catalog.bytea[], '{1}', '{0}', '{T}',"
        " array['x'::pg_catalog.bytea])"
    )
    enabled = ledger.connection.execute("select distinct tgenabled from pg_trigger where not tgisinternal").fetchall()
    assert enabled == [("O",)]
