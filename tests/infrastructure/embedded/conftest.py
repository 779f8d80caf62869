import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.embedded.server import EmbeddedPostgres
from tests.infrastructure.embedded.support import open_folder


@pytest.fixture
def place() -> Iterator[Path]:
    """A private folder for homes; what runs in it is ended afterwards."""
    with open_folder() as folder:
        folder.chmod(0o700)
        yield folder


@pytest.fixture
def new_home(place: Path) -> Path:
    """A home that does not exist yet."""
    return place / "home"


@pytest.fixture(scope="session")
def made_once() -> Iterator[Path]:
    with open_folder() as folder:
        with EmbeddedPostgres(folder / "home"):
            pass
        yield folder / "home"


@pytest.fixture
def home(new_home: Path, made_once: Path) -> Path:
    """A home whose cluster is made and stopped: initdb is most of a first start."""
    shutil.copytree(made_once, new_home)
    return new_home


@pytest.fixture
def public_home() -> Iterator[Path]:
    """A home that does not exist yet, below folders that every user may pass."""
    with open_folder() as folder:
        yield folder / "home"
