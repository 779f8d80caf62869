"""A ledger with the sample and strange content in it, and a real service over it, for all tests that only read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from infrastructure.answers.answers import Answers
from infrastructure.answers.library import Library
from infrastructure.answers.local import LocalAnswers
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.schema import migrate
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.sample.write import LIFECYCLE, TRACE
from infrastructure.remote.answers import RemoteAnswers
from infrastructure.remote.service import opened_service
from tests.databases import Server
from tests.infrastructure.http import conftest as http
from tests.infrastructure.remote import strange

NAME = "asked_from_afar"


@pytest.fixture(scope="package")
def filled(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the conninfo of a ledger that holds the sample twice, under two gateways, and strange content."""
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(SQL("create database {}").format(Identifier(NAME)))
        migrate(server.conninfo(NAME), 16)
        recording = tmp_path_factory.mktemp("strange") / "strange.ndjson"
        recording.write_bytes(strange.RECORDING)
        with Ledger.open(server.conninfo(NAME)) as ledger:
            _import(ledger, "sample", LIFECYCLE, TRACE)
            _import(ledger, "other", LIFECYCLE)
            _import(ledger, "strange", recording)
        yield server.conninfo(NAME)
        connection.execute(SQL("drop database {} with (force)").format(Identifier(NAME)))


def _import(ledger: Ledger, gateway: str, path: Path, trace: Path | None = None) -> None:
    importer = Importer(ledger, gateway=gateway)
    importer.import_recording(str(path), lambda _bytes: None, None if trace is None else str(trace))


@pytest.fixture(scope="package")
def served(filled: str) -> Iterator[str]:
    with http.served(filled) as url:
        yield url


@pytest.fixture(scope="package")
def local(filled: str) -> Iterator[Answers]:
    with Ledger.open(filled) as ledger:
        yield LocalAnswers(Library(ledger))


@pytest.fixture(scope="package")
def remote(served: str) -> Iterator[Answers]:
    with opened_service(served, None) as service:
        yield RemoteAnswers(service)


@contextmanager
def asking(url: str) -> Iterator[RemoteAnswers]:
    with opened_service(url, None) as service:
        yield RemoteAnswers(service)
