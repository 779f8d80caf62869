"""From one server to another and back: other major versions, embedded and not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import connect

from infrastructure.composition import back_up, opened_ledger, restore
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from infrastructure.settings import Settings
from tests.infrastructure.backup.support import P, backed_up, everything, import_sample, quiet, restored
from tests.infrastructure.embedded.other_majors import needs_another_major, running
from tests.infrastructure.embedded.support import open_folder
from tests.infrastructure.ledger.appends import key_in, told


@pytest.fixture(scope="module")
def other_major() -> Iterator[str]:
    """Give the conninfo of an empty database of a server of another major version."""
    with open_folder() as folder, running(folder / "home") as address:
        yield address.conninfo(user=address.superuser, dbname="postgres")


@needs_another_major
def test_a_ledger_moves_to_another_major_version_and_back(
    full: Ledger, database: str, file: Path, nothing: str, other_major: str, tmp_path: Path
) -> None:
    restored(other_major, file)
    with Ledger.open(other_major) as ledger:
        majors = {one.connection.info.server_version // 10_000 for one in (ledger, full)}
        assert len(majors) == 2
        assert everything(other_major) == everything(database)
        assert import_sample(ledger).recorded == 0
        assert ledger.append(P, [told(key_in(P), b"there")])[0].outcome == "appended"
        assert verify(ledger).ok
        backed_up(ledger, tmp_path / "back")
    restored(nothing, tmp_path / "back")
    assert everything(nothing) == everything(other_major)
    with connect(other_major, autocommit=True) as connection:
        connection.execute("drop schema heartline cascade")


def test_a_ledger_moves_from_a_database_into_a_home_and_back(
    full: Ledger, database: str, nothing: str, tmp_path: Path
) -> None:
    with open_folder() as folder:
        home = Settings(home=folder / "home", database_url=None)
        elsewhere = Settings(home=folder / "unused", database_url=database)
        written = back_up(elsewhere, tmp_path / "there", quiet)
        assert restore(home, tmp_path / "there", quiet) == written
        with opened_ledger(home) as ledger:
            assert import_sample(ledger).recorded == 0
            assert verify(ledger) == verify(full)
        back_up(home, tmp_path / "back", quiet)
        restore(Settings(home=folder / "unused", database_url=nothing), tmp_path / "back", quiet)
        assert everything(nothing) == everything(database)
        assert not (folder / "unused").exists()
