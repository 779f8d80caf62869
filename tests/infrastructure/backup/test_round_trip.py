"""What is restored is the ledger that was backed up, and goes on."""

from pathlib import Path

import pytest

from infrastructure.access.tokens import create_token, list_tokens
from infrastructure.answers.cursor import Cursor
from infrastructure.answers.errors import BadCursor
from infrastructure.answers.library import Library
from infrastructure.composition import SERVICE_ROLE
from infrastructure.ledger.checkpoint import append_checkpoint
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from tests.databases import Databases
from tests.infrastructure.backup.support import P, backed_up, backup_bytes, everything, fill, import_sample, restored
from tests.infrastructure.ledger.appends import key_in, told


def test_every_row_is_as_it_was(full: Ledger, database: str, file: Path, nothing: str) -> None:
    restored(nothing, file)
    assert everything(nothing) == everything(database)


def test_what_is_told_of_a_restored_ledger_is_what_was_told_of_its_backup(
    full: Ledger, tmp_path: Path, nothing: str
) -> None:
    written = backed_up(full, tmp_path / "b")
    assert restored(nothing, tmp_path / "b") == written
    assert written.bytes == (tmp_path / "b").stat().st_size
    assert bytes.fromhex(written.digest) == (tmp_path / "b").read_bytes()[-32:]
    found = verify(full)
    assert (written.events, written.heads, written.erased) == (found.events, found.heads, found.erased)
    rows = everything(nothing)
    assert written.erased == 1
    assert (written.events, written.deliveries, written.contents, written.gateways) == tuple(
        len(rows[table]) for table in ("events", "deliveries", "content", "gateways")
    )


def test_a_restored_ledger_proves_also_against_a_checkpoint_of_before(
    full: Ledger, file: Path, nothing: str, tmp_path: Path
) -> None:
    append_checkpoint(full, tmp_path / "checkpoints")
    restored(nothing, file)
    with Ledger.open(nothing) as ledger:
        found = verify(ledger, tmp_path / "checkpoints")
        assert found.broken == []
        assert found == verify(full)


def test_a_restored_ledger_goes_on_in_the_role_of_the_service(full: Ledger, file: Path, nothing: str) -> None:
    restored(nothing, file)
    with Ledger.open(nothing) as ledger:
        ledger.connection.execute(f"set role {SERVICE_ROLE}".encode())
        imported = import_sample(ledger)
        assert (imported.recorded, imported.events) == (0, 0)
        assert imported.duplicates + imported.ignored == imported.lines
        assert imported.gateway == import_sample(full).gateway
        (answer,) = ledger.append(P, [told(key_in(P), b"new")])
        assert answer.outcome == "appended"
        assert verify(ledger).ok


def test_questions_are_answered_as_they_were(ledger: Ledger, tmp_path: Path, nothing: str) -> None:
    import_sample(ledger)
    before = Library(ledger)
    before.refresh()
    backed_up(ledger, tmp_path / "b")
    restored(nothing, tmp_path / "b")
    with Ledger.open(nothing) as again:
        after = Library(again)
        assert after.behind() == 138
        after.refresh()
        assert after.streams() == before.streams()
        assert len(after.streams()) == 2


def test_a_backup_of_the_restored_ledger_differs_in_its_moment_only(full: Ledger, file: Path, nothing: str) -> None:
    restored(nothing, file)
    with Ledger.open(nothing) as ledger:
        assert len(backup_bytes(ledger)) == pytest.approx(file.stat().st_size, abs=64)


@pytest.mark.parametrize("of_partitions", [None, 1, 16, 64])
def test_a_ledger_keeps_its_partitions_wherever_it_goes(
    small: Ledger, databases: Databases, tmp_path: Path, of_partitions: int | None
) -> None:
    fill(small)
    backed_up(small, tmp_path / "b")
    target = databases.make(of_partitions)
    restored(target, tmp_path / "b")
    with Ledger.open(target) as ledger:
        assert (ledger.ledger_id, ledger.partitions) == (small.ledger_id, 1)
        assert len(ledger.heads()) == 1
        assert verify(ledger).ok


def test_an_empty_ledger_can_be_kept_too(ledger: Ledger, database: str, tmp_path: Path, nothing: str) -> None:
    assert backed_up(ledger, tmp_path / "b").events == 0
    restored(nothing, tmp_path / "b")
    assert everything(nothing) == everything(database)


def test_tokens_stay_where_they_are(full: Ledger, tmp_path: Path, databases: Databases) -> None:
    _token, secret = create_token(full.connection, "of the old machine", "admin")
    backed_up(full, tmp_path / "b")
    target = databases.make()
    with Ledger.open(target) as ledger:
        kept, _text = create_token(ledger.connection, "of the new one", "admin")
    restored(target, tmp_path / "b")
    with Ledger.open(target) as ledger:
        assert list_tokens(ledger.connection) == [kept]
    assert secret.encode() not in (tmp_path / "b").read_bytes()


def cursor_at_the_end(ledger: Ledger) -> str:
    cursor = Cursor.start(ledger)
    for head in ledger.heads():
        row = ledger.event(head.partition, head.position) if head.position else None
        if row:
            cursor.passed(head.partition, head.position, row.leaf)
    return cursor.text()


def test_a_cursor_goes_on_in_the_restored_ledger_unless_its_history_is_another(
    full: Ledger, file: Path, nothing: str
) -> None:
    of_the_backup = cursor_at_the_end(full)
    full.append(P, [told(key_in(P), b"after the backup")])
    of_later = cursor_at_the_end(full)
    restored(nothing, file)
    with Ledger.open(nothing) as ledger:
        assert Cursor.read(ledger, of_the_backup).text() == of_the_backup
        with pytest.raises(BadCursor, match="ahead of the log"):
            Cursor.read(ledger, of_later)
        ledger.append(P, [told(key_in(P), b"in its place")])
        with pytest.raises(BadCursor, match="another history"):
            Cursor.read(ledger, of_later)
        assert Cursor.read(ledger, of_the_backup).text() == of_the_backup


def test_the_ledger_that_was_backed_up_is_not_touched(full: Ledger, file: Path, database: str, nothing: str) -> None:
    before = everything(database)
    restored(nothing, file)
    assert everything(database) == before
    assert verify(full).ok
