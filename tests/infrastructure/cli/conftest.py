"""A home with the sample in it, for all tests of the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.embedded.server import EmbeddedPostgres
from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from tests.infrastructure.cli.running import Home, Json
from tests.infrastructure.embedded.support import open_folder


@pytest.fixture(scope="package")
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


@pytest.fixture(scope="package")
def home(folder: Path) -> Iterator[Home]:
    """A home with the sample under two gateways; its server runs all the while, or each command would start it."""
    made = Home(folder / "home")
    with EmbeddedPostgres(made.path):
        made.json("import", str(LIFECYCLE), "--trace", str(TRACE), "--gateway", "sample")
        made.json("import", str(LIFECYCLE), "--gateway", "other")
        yield made


@pytest.fixture(scope="package")
def every_event(home: Home) -> list[Json]:
    return home.json("events", "--gateway", "sample").answers
