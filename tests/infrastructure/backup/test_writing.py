import os
import stat
from pathlib import Path

import pytest

from infrastructure.backup.destination import new_file
from infrastructure.backup.errors import BackupNotWritten, BackupUnusable, FileExists, LedgerBroken
from infrastructure.backup.reading import check
from infrastructure.backup.writing import write_backup
from infrastructure.ledger.ledger import Ledger
from tests.infrastructure.backup.support import P, backed_up, quiet, restored
from tests.infrastructure.ledger.appends import key_in, told
from tests.infrastructure.ledger.tampering import tamper


def test_a_backup_shows_one_moment_and_others_append_meanwhile(
    full: Ledger, database: str, tmp_path: Path, nothing: str
) -> None:
    before = full.heads()
    appended: list[str] = []
    with Ledger.open(database) as other, new_file(tmp_path / "b") as out:

        def append_meanwhile(_stage: str, _more: int, _total: int) -> None:
            partition = len(appended) % other.partitions
            appended.extend(one.outcome for one in other.append(partition, [told(key_in(partition), b"late")]))

        summary = write_backup(full, out, "b", append_meanwhile)
    assert set(appended) == {"appended"}
    assert len(appended) == summary.events > 16
    restored(nothing, tmp_path / "b")
    with Ledger.open(nothing) as ledger:
        assert ledger.heads() == before


@pytest.mark.parametrize(
    "change",
    [
        f"update heartline.events set payload = 'x' where partition = {P} and position = 1",
        f"delete from heartline.events where partition = {P} and position = 2",
        "update heartline.content set bytes = 'x' where entry = 2 and length(bytes) > 1000000",
        f"delete from heartline.content where partition = {P} and entry = 2",
        f"update heartline.deliveries set last_version = 99 where partition = {P}",
        "update heartline.heads set ledger_id = gen_random_uuid() where partition = 0",
        "alter table heartline.events disable trigger events_are_immutable",
    ],
)
def test_a_broken_ledger_is_not_backed_up_and_no_file_is_left(full: Ledger, tmp_path: Path, change: str) -> None:
    tamper(full, change)
    with pytest.raises(LedgerBroken, match=r"^No backup was written: .* at \d+ places") as refused:
        backed_up(full, tmp_path / "b")
    assert refused.value.found.broken
    assert list(tmp_path.iterdir()) == []


def test_what_a_broken_ledger_wrote_to_a_pipe_is_no_backup(full: Ledger, tmp_path: Path) -> None:
    tamper(full, f"update heartline.events set payload = 'x' where partition = {P} and position = 1")
    with (tmp_path / "piped").open("wb") as out, pytest.raises(LedgerBroken):
        write_backup(full, out, "-", quiet)
    assert (tmp_path / "piped").stat().st_size > 1000
    with pytest.raises(BackupUnusable, match="ends in the middle"):
        check(tmp_path / "piped", quiet)


def test_a_backup_is_readable_by_its_owner_only(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
def test_nothing_is_ever_replaced(ledger: Ledger, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "b"
    match kind:
        case "file":
            path.write_bytes(b"precious")
        case "folder":
            path.mkdir()
        case _:
            path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExists, match="never replaces"):
        backed_up(ledger, path)
    assert [one.name for one in tmp_path.iterdir()] == ["b"]
    assert not path.is_file() or path.read_bytes() == b"precious"


def test_a_file_that_came_to_be_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "b"
    with pytest.raises(FileExists), new_file(path):
        path.write_bytes(b"precious")
    assert path.read_bytes() == b"precious"
    assert [one.name for one in tmp_path.iterdir()] == ["b"]


def test_a_disk_that_knows_no_second_names_does_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with new_file(tmp_path / "b") as out:
        out.write(b"all")
    assert (tmp_path / "b").read_bytes() == b"all"
    with pytest.raises(FileExists), new_file(tmp_path / "c"):
        (tmp_path / "c").write_bytes(b"precious")
    assert (tmp_path / "c").read_bytes() == b"precious"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["b", "c"]


def test_an_interrupted_backup_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_file(tmp_path / "b"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(BackupNotWritten, match=r"missing/b: the backup can't be written \(No such file"):
        backed_up(ledger, tmp_path / "missing" / "b")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_is_reported_as_such(ledger: Ledger) -> None:
    with Path("/dev/full").open("wb", buffering=0) as out, pytest.raises(OSError, match="No space left"):
        write_backup(ledger, out, "-", quiet)
