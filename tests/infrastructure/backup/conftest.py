from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.ledger.ledger import Ledger
from tests.databases import Databases
from tests.infrastructure.backup.support import backed_up, fill


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
