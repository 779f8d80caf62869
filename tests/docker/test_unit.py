"""The systemd unit: its rules, and its command run with the folders that its sandbox leaves."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from configparser import ConfigParser, SectionProxy
from pathlib import Path

import httpx
import pytest

from infrastructure import settings
from tests.docker import commands
from tests.docker.conftest import Confinement
from tests.docker.dockerfile import ROOT
from tests.docker.service import SECONDS_TO_END, running

FILE = ROOT / "docker" / "heartline.service"

MOST_EXPOSED = 2.0
"""What `systemd-analyze security` may come to, from 0 (best) to 10; a service that confines nothing has 9.6."""


@pytest.fixture(scope="module")
def unit() -> SectionProxy:
    parser = ConfigParser(interpolation=None, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep names as they are
    parser.read(FILE, encoding="utf-8")
    return parser["Service"]


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder as systemd makes it for the state of a service; its path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="heartline-") as name:
        yield Path(name)


def test_its_command_is_one_of_heartlines(unit: SectionProxy) -> None:
    program, *words = unit["ExecStart"].split()
    assert Path(program).is_absolute()
    assert Path(program).name == "heartline"
    commands.check(words)


def test_it_is_told_to_end_and_has_the_time_for_it(unit: SectionProxy) -> None:
    assert unit["KillSignal"] == "SIGTERM"
    assert unit["KillMode"] == "mixed", "its Postgres must outlive the work that needs it"
    assert int(unit["TimeoutStopSec"]) > SECONDS_TO_END


def test_it_runs_as_a_user_whose_data_lie_where_it_may_write(unit: SectionProxy) -> None:
    assert unit["User"] not in {"root", "0"}
    assert unit["ProtectSystem"] == "strict"
    assert unit["Environment"] == f"{settings.HOME}=%S/{unit['StateDirectory']}"


def test_systemd_understands_it_and_finds_it_confined(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed here")
    copy = tmp_path / FILE.name
    copy.write_text(FILE.read_text(encoding="utf-8").replace("/opt/heartline/bin/heartline", sys.executable))
    verified = subprocess.run([analyze, "verify", "--man=no", copy], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    weighed = subprocess.run(
        [analyze, "security", "--offline=yes", "--no-pager", f"--threshold={MOST_EXPOSED * 10:.0f}", copy],
        capture_output=True,
        text=True,
        check=False,
    )
    assert weighed.returncode == 0, weighed.stdout


def test_it_serves_from_its_own_postgres_with_nothing_to_write_but_its_state(
    unit: SectionProxy, confined: Confinement, state: Path
) -> None:
    _, *words = unit["ExecStart"].split()
    program = [str(Path(sys.executable).parent / "heartline"), *words, "--port", "0"]
    shown, user = [Path(sys.prefix), ROOT], pwd.getpwnam("nobody").pw_uid
    # Where the repository itself lies below /tmp, that can't be a private one: it would be hidden.
    private = tuple(one for one in (Path("/tmp"), Path("/dev/shm")) if not ROOT.is_relative_to(one))
    command = confined.command(program, user=user, show=shown, write=(state,), empty=private)
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), settings.HOME: str(state)}
    with running(command, environment) as port:
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").json() == {"status": "ok"}
        assert (state / "postgres" / "data" / "postmaster.pid").exists()
    assert not (state / "postgres" / "data" / "postmaster.pid").exists()
