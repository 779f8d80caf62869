from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.schema import migrate
from tests.databases import Databases, Server, own_database
from tests.infrastructure.backup.support import Kept, backed_up, everything, fill


@pytest.fixture
def full(ledger: Ledger) -> Ledger:
    """Give a ledger that holds some of everything."""
    fill(ledger)
    return ledger


@pytest.fixture
def file(full: Ledger, tmp_path: Path) -> Path:
    """Give the backup of the full ledger."""
    backed_up(full, tmp_path / "ledger.backup")
    return tmp_path / "ledger.backup"


@pytest.fixture
def nothing(databases: Databases) -> str:
    """Give the conninfo of a database without a ledger."""
    return databases.make(partitions=None)


@pytest.fixture
def small(databases: Databases) -> Iterator[Ledger]:
    """Give an empty ledger of one partition."""
    with Ledger.open(databases.make(partitions=1)) as opened:
        yield opened


@pytest.fixture(scope="package")
def emptied(server: Server) -> Iterator[str]:
    """Give the conninfo of a database without a ledger, for many tests that must leave none in it."""
    with own_database(server, "emptied") as conninfo:
        yield conninfo


@pytest.fixture(scope="package")
def kept(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Give the backup of a full ledger, for tests that need no more of it."""
    with own_database(server, "kept") as conninfo:
        migrate(conninfo)
        path = tmp_path_factory.mktemp("kept") / "ledger.backup"
        with Ledger.open(conninfo) as ledger:
            fill(ledger)
            backed_up(ledger, path)
        yield Kept(path, everything(conninfo))
