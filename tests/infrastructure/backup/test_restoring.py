"""A restore that is refused, or fails at its very end, leaves the database as it was."""

import shutil
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from infrastructure.backup import restoring
from infrastructure.backup.errors import BackupUnusable, LedgerInUse, LedgerNotEmpty, RestoreRefused
from infrastructure.backup.format import DIGEST_BYTES, FRAME, START, Kind
from infrastructure.backup.reading import check, frames
from infrastructure.backup.restoring import restore
from infrastructure.backup.writing import Frames
from infrastructure.ledger.errors import NotALedger
from infrastructure.ledger.ledger import Ledger
from tests.databases import Databases, Server
from tests.infrastructure.backup.support import Kept, P, everything, quiet, restored, tables
from tests.infrastructure.ledger.appends import key_in, told


@pytest.fixture
def file(kept: Kept, tmp_path: Path) -> Path:
    """Give a backup that may be changed."""
    return Path(shutil.copy(kept.path, tmp_path / "ledger.backup"))


def test_a_ledger_with_events_is_never_replaced(file: Path, databases: Databases) -> None:
    target = databases.make()
    with Ledger.open(target) as ledger:
        ledger.append(0, [told(key_in(0), b"precious")])
    before = everything(target)
    with pytest.raises(LedgerNotEmpty, match="HEARTLINE_HOME"):
        restored(target, file)
    assert everything(target) == before


def test_a_ledger_that_others_use_is_not_taken_from_under_them(
    file: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "LEAVE_SECONDS", 0.1)
    target = databases.make()
    before = everything(target)
    with Ledger.open(target) as ledger:
        with pytest.raises(LedgerInUse, match="heartline serve"):
            restored(target, file)
        assert ledger.append(0, [told(key_in(0), delivery="nothing happened")])[0].outcome == "appended"
    assert everything(target)["ledger"] == before["ledger"]


def test_restoring_twice_finds_the_first(file: Path, nothing: str) -> None:
    restored(nothing, file)
    with pytest.raises(LedgerNotEmpty):
        restored(nothing, file)


@pytest.fixture
def stranger(server: Server, nothing: str, databases: Databases) -> str:
    """Give the conninfo of a role that may connect to a database without a ledger, and may do nothing there."""
    with psycopg.connect(nothing, autocommit=True) as connection:
        connection.execute("drop role if exists heartline_stranger")
        connection.execute("create role heartline_stranger login")
        name = SQL("revoke create, temporary on database {} from public").format(Identifier(connection.info.dbname))
        connection.execute(name)
    return nothing.replace("user='postgres'", "user='heartline_stranger'")


def test_a_role_that_does_not_own_the_database_is_refused(file: Path, nothing: str, stranger: str) -> None:
    assert stranger != nothing
    with pytest.raises(RestoreRefused, match="owner of the database"):
        restored(stranger, file)
    assert tables(nothing) == 0


def test_a_schema_of_a_later_version_is_refused(file: Path, databases: Databases) -> None:
    target = databases.make()
    with psycopg.connect(target) as connection:
        connection.execute("update heartline.alembic_version set version_num = '9999'")
    with pytest.raises(NotALedger, match="later version"):
        restored(target, file)


Change = Callable[[list[Any]], None]


def forged(file: Path, kind: Kind, change: Change | None = None, totals: dict[str, Any] | None = None) -> Path:
    """Write a backup anew with a change in the first rows of a kind, and with a digest that is right."""
    checked = check(file, quiet)
    forgery = file.with_name("forged")
    with forgery.open("wb") as out:
        written = Frames(out)
        written.one(Kind.LEDGER, checked.contents)
        changed = False
        for found, partition, content in frames(checked, quiet):
            rows = msgspec.msgpack.decode(content)
            if found is kind and change is not None and not changed:
                change(rows)
                changed = True
            for row in rows:
                written.row(found, partition, tuple(row) if isinstance(row, list) else row)
        assert changed == (change is not None)
        written.one(Kind.TOTALS, msgspec.structs.replace(checked.totals, **(totals or {})))
        written.end()
    return forgery


def test_a_backup_that_is_written_anew_unchanged_is_one(kept: Kept, file: Path, nothing: str) -> None:
    restored(nothing, forged(file, Kind.EVENTS))
    assert everything(nothing) == kept.rows


def put(row: int, column: int, value: object) -> Change:
    def change(rows: list[Any]) -> None:
        rows[row][column] = value

    return change


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        (Kind.EVENTS, put(0, 7, b"{}"), "does not prove: at .* its leaf is not that of its fields"),
        (Kind.EVENTS, put(0, 4, "another key"), "does not prove"),
        (Kind.EVENTS, list.pop, "other counts"),
        (Kind.EVENTS, lambda rows: rows.append(rows[0]), "duplicate key"),
        (Kind.EVENTS, put(0, 4, "a\0b"), "invalid byte sequence"),
        (Kind.EVENTS, put(0, 1, b"short"), "is not what a backup is"),
        (Kind.EVENTS, put(0, 0, 2**63), "is not what a backup is"),
        (Kind.EVENTS, put(0, 7, "text"), "is not what a backup is"),
        (Kind.EVENTS, lambda rows: rows[0].pop(), "is not what a backup is"),
        (Kind.DELIVERIES, put(0, 4, 10**6), "does not prove"),
        (Kind.CONTENT, put(0, 3, b"another text"), "does not prove"),
        (Kind.CONTENT, put(0, 1, 10**6), "does not prove"),
        (Kind.GATEWAYS, put(0, 1, None), "is not what a backup is"),
    ],
)
def test_a_forgery_whose_digest_is_right_is_found_and_nothing_of_it_stays(
    file: Path, emptied: str, kind: Kind, change: Change, words: str
) -> None:
    with pytest.raises(BackupUnusable, match=words):
        restored(emptied, forged(file, kind, change))
    assert tables(emptied) == 0


@pytest.mark.parametrize(
    ("totals", "words"),
    [({"events": 1}, "other counts"), ({"erased": 0}, "holds another ledger"), ({"heads": []}, "has 0 heads")],
)
def test_what_a_backup_says_of_itself_must_be_so(file: Path, emptied: str, totals: dict[str, Any], words: str) -> None:
    with pytest.raises(BackupUnusable, match=words):
        restored(emptied, forged(file, Kind.EVENTS, totals=totals))
    assert tables(emptied) == 0


def test_a_log_that_was_cut_before_the_digest_was_taken_is_another_ledger(file: Path, emptied: str) -> None:
    heads = check(file, quiet).totals.heads
    longer = [msgspec.structs.replace(one, position=one.position + (number == P)) for number, one in enumerate(heads)]
    with pytest.raises(BackupUnusable, match="its heads are not those of its events"):
        restored(emptied, forged(file, Kind.EVENTS, totals={"heads": longer}))
    assert tables(emptied) == 0


def with_a_frame(file: Path, size: int, stored: bytes) -> Path:
    """Put a frame of events after the first of a backup, under a digest that is right."""
    whole = file.read_bytes()[:-DIGEST_BYTES]
    after = START.size + FRAME.size + FRAME.unpack_from(whole, START.size)[3]
    data = whole[:after] + FRAME.pack(Kind.EVENTS.value, 0, size, len(stored)) + stored + whole[after:]
    file.write_bytes(data + sha256(data).digest())
    return file


@pytest.mark.parametrize(
    ("size", "stored", "words"),
    [
        (10, b"x" * 100, "incorrect header"),
        (10, zlib.compress(bytes(10**8)), "another size than it says"),
        (2**32 - 1, zlib.compress(b"few"), "another size than it says"),
        (3, zlib.compress(b"few") + b"x", "another size than it says"),
        (3, zlib.compress(b"few")[:-1], "another size than it says"),
        (1, zlib.compress(b"\xc1"), "is not what a backup is"),
    ],
    ids=["not compressed", "bomb", "less than it says", "something behind it", "cut", "no rows"],
)
def test_a_frame_that_is_no_frame_is_found_without_inflating_it(
    file: Path, emptied: str, size: int, stored: bytes, words: str
) -> None:
    with pytest.raises(BackupUnusable, match=words):
        restored(emptied, with_a_frame(file, size, stored))
    assert tables(emptied) == 0


def test_a_file_that_changes_after_the_check_is_not_restored(file: Path, emptied: str) -> None:
    checked = check(file, quiet)
    whole = file.read_bytes()

    def change(stage: str, _more: int, _total: int) -> None:
        if stage == "writing":
            file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))

    with pytest.raises(BackupUnusable, match="is damaged"):
        restore(emptied, checked, change)
    assert tables(emptied) == 0
