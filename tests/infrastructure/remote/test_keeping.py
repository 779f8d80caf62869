from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from infrastructure.access.errors import NotAllowed
from infrastructure.answers.tokens import LocalTokens
from infrastructure.backup.errors import BackupNotWritten, FileExists
from infrastructure.backup.reading import check
from infrastructure.backup.writing import write_backup
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from infrastructure.remote.keeping import take_backup
from infrastructure.remote.service import RemoteService, opened_service
from tests.infrastructure.http.conftest import served


def quiet(*_progress: object) -> None:
    pass


@pytest.fixture
def url(database: str, ledger: Ledger) -> Iterator[str]:
    Importer(ledger, gateway="sample").import_recording(str(LIFECYCLE), quiet, str(TRACE))
    with served(database) as its_url:
        yield its_url


def test_a_backup_of_a_service_is_that_of_its_ledger(url: str, ledger: Ledger, tmp_path: Path) -> None:
    with opened_service(url, None) as service:
        taken = take_backup(service, tmp_path / "taken", quiet)
    with (tmp_path / "local").open("wb") as file:
        local = write_backup(ledger, file, "local", quiet)
    assert replace(taken, file="", digest="", at=0, bytes=0) == replace(local, file="", digest="", at=0, bytes=0)
    assert check(tmp_path / "taken", quiet).summary == taken
    assert (tmp_path / "taken").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_not_replaced(url: str, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with opened_service(url, None) as service, pytest.raises(FileExists):
        take_backup(service, tmp_path / "taken", quiet)
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_reader_may_not_take_a_backup(url: str, ledger: Ledger, tmp_path: Path) -> None:
    reader = LocalTokens(ledger.connection).create("reader", "read", None, None)
    with opened_service(url, reader.secret) as service, pytest.raises(NotAllowed):
        take_backup(service, tmp_path / "taken", quiet)
    assert not (tmp_path / "taken").exists()


class CutShort(RemoteService):
    """Loses the last byte on the way."""

    def download(self, path: str, write: object) -> None:
        pieces: list[bytes] = []
        super().download(path, pieces.append)
        write(b"".join(pieces)[:-1])  # type: ignore[operator]  # as it was given


def test_what_breaks_off_gets_no_name(url: str, tmp_path: Path) -> None:
    with opened_service(url, None) as service, pytest.raises(BackupNotWritten, match="broke off"):
        take_backup(CutShort(service._client, service.address), tmp_path / "taken", quiet)
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_that_is_broken_has_no_backup(url: str, ledger: Ledger, tmp_path: Path) -> None:
    ledger.connection.execute("alter table heartline.events disable trigger all")
    ledger.connection.execute("update heartline.events set payload = payload || ' ' where version = 2")
    with opened_service(url, None) as service, pytest.raises(Exception, match="broke off"):
        take_backup(service, tmp_path / "taken", quiet)
    assert list(tmp_path.iterdir()) == []
