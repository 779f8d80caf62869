"""The image, built once; a place to run it in as an engine would; a Postgres as the compose file's."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from msgspec import Struct
from psycopg.sql import SQL, Literal

from infrastructure.embedded.binaries import find_binaries
from infrastructure.embedded.server import EmbeddedPostgres
from tests.docker import confinement
from tests.docker.building import Image, build
from tests.docker.dockerfile import DOCKERFILE, Stage, stages
from tests.docker.forwarding import forwarded

OWNER_PASSWORD = "the owner's p@ss/w%rd"
SERVICE_PASSWORD = "the service's p@ss:w%rd"
VARIABLES = {"POSTGRES_PASSWORD": OWNER_PASSWORD, "SERVICE_PASSWORD": SERVICE_PASSWORD}

RULES = "local all postgres trust\nlocal all all scram-sha-256\n"
"""Passwords are demanded, as the image of Postgres does; only the tests' own superuser needs none."""


@pytest.fixture(scope="session")
def dockerfile() -> list[Stage]:
    return stages(DOCKERFILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def image(dockerfile: list[Stage], tmp_path_factory: pytest.TempPathFactory) -> Image:
    return build(dockerfile, tmp_path_factory.mktemp("image"))


class Confinement(Struct, frozen=True):
    """Runs programs as a user without rights below a root that can't be written."""

    root: Path

    def command(
        self,
        words: list[str],
        *,
        user: int,
        show: list[Path],
        write: tuple[Path, ...] = (),
        empty: tuple[Path, ...] = (),
    ) -> list[str]:
        """What runs the words; besides the system, Python itself is shown."""
        base = Path(sys.base_prefix).resolve()
        shown = show if base.is_relative_to("/usr") else [base, *show]
        options = [
            *(f"--show={folder}" for folder in shown),
            *(f"--write={folder}" for folder in write),
            *(f"--empty={folder}" for folder in empty),
        ]
        script = [sys.executable, "-I", "-S", confinement.__file__]
        return [*script, f"--user={user}", f"--root={self.root}", *options, "--", *words]


@pytest.fixture(scope="session")
def confined(tmp_path_factory: pytest.TempPathFactory) -> Confinement:
    found = Confinement(tmp_path_factory.mktemp("root"))
    tried = subprocess.run(
        found.command(["/bin/true"], user=10001, show=[]), capture_output=True, text=True, check=False
    )
    if tried.returncode == confinement.REFUSED:
        pytest.skip(tried.stderr.strip())
    assert tried.returncode == 0, tried.stderr
    return found


@pytest.fixture(scope="module")
def postgres() -> Iterator[int]:
    """The port of a Postgres on 127.0.0.1 that is as new as the image's: an owner, an empty database, passwords."""
    with tempfile.TemporaryDirectory(prefix="heartline-") as home, EmbeddedPostgres(Path(home)) as address:
        conninfo = address.conninfo(user=address.superuser, dbname="postgres")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            password = Literal(OWNER_PASSWORD)
            connection.execute(SQL("create role heartline_owner superuser login password {}").format(password))
            connection.execute("create database heartline owner heartline_owner")
            (address.data_directory / "pg_hba.conf").write_text(RULES)
            connection.execute("select pg_reload_conf()")
        with forwarded(address.socket_directory / f".s.PGSQL.{address.port}") as port:
            yield port


@pytest.fixture(scope="session")
def postgres_programs() -> Path:
    return find_binaries().folder
