import os
import stat
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

from infrastructure.embedded.server import EmbeddedPostgres
from tests.infrastructure.embedded.support import NOBODY, PATHS, Worker, data_of, server_pid

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root on Linux can become others"
)


def _python_for(user: int) -> str:
    """An interpreter that this user may run with the project's libraries, or skip."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        try:
            subprocess.run(
                [python, "-c", "import psutil, filelock, infrastructure.embedded.server"],
                env={"PYTHONPATH": PATHS},
                cwd="/",
                user=user,
                group=user,
                extra_groups=[],
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    pytest.skip(f"user id {user} can't reach any {version} together with the project and its libraries")


def _needs_passable_project() -> None:
    """Where namespaces are refused, the user nobody itself must reach the programs."""
    with_reach = subprocess.run(
        ["test", "-x", str(EmbeddedPostgres(Path("unused")).status().binaries)],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        check=False,
    )
    if with_reach.returncode != 0:
        pytest.skip("the Postgres programs lie in a folder that the user nobody can't pass")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_root_runs_it_unprivileged_in_a_namespace_and_the_files_remain_roots(new_home: Path) -> None:
    parent = _mode(new_home.parent)
    users = Path("/etc/passwd").read_bytes()
    with EmbeddedPostgres(new_home):
        process = Path(f"/proc/{server_pid(new_home)}")
        assert (process / "uid_map").read_text().split() == [str(NOBODY), "0", "1"]
        facts = (process / "status").read_text().splitlines()
        assert [int(line.split()[1], 16) for line in facts if line.startswith("CapEff")] == [0]
        assert {path.stat().st_uid for path in (new_home / "postgres").rglob("*")} == {0}
    assert _mode(new_home.parent) == parent
    assert Path("/etc/passwd").read_bytes() == users


def test_root_without_namespaces_runs_it_as_nobody_and_opens_no_parent(public_home: Path) -> None:
    _needs_passable_project()
    parent = _mode(public_home.parent)
    for _ in range(2):
        with Worker(public_home, "--without-namespaces") as worker:
            said = worker.said()
            assert said.get("server") == server_pid(public_home), said
            assert Path(f"/proc/{said['server']}").stat().st_uid == NOBODY
            assert data_of(public_home).stat().st_uid == NOBODY
            assert _mode(data_of(public_home)) == 0o700
            # Around its data the user nobody, who may be others too, can't put anything.
            assert data_of(public_home).parent.stat().st_uid == 0
            assert _mode(data_of(public_home).parent) == 0o711
            worker.leave()
        assert server_pid(public_home) is None
    assert _mode(public_home.parent) == parent
    # Namespaces are allowed again: the data are nobody's, and remain so.
    with EmbeddedPostgres(public_home):
        assert Path(f"/proc/{server_pid(public_home)}").stat().st_uid == NOBODY


def test_root_without_namespaces_takes_over_data_that_root_made(public_home: Path) -> None:
    _needs_passable_project()
    with EmbeddedPostgres(public_home):
        pass
    public_home.chmod(0o711)
    with Worker(public_home, "--without-namespaces") as worker:
        assert worker.said().get("server") == server_pid(public_home)
        worker.leave()


def test_root_without_namespaces_below_private_folders_is_told_what_to_do(new_home: Path) -> None:
    new_home.parent.chmod(0o700)
    with Worker(new_home, "--without-namespaces") as worker:
        said = worker.said()
    assert said["error"] == "postgres-privileges-refused"
    assert "refuses to run as root" in said["message"]
    assert "run Heartline as an ordinary user, or set HEARTLINE_DATABASE_URL" in said["message"]
    assert _mode(new_home.parent) == 0o700


@pytest.mark.parametrize("user", [NOBODY, 54321], ids=["ordinary", "nameless"])
def test_another_user_runs_it_with_his_own_rights(public_home: Path, user: int) -> None:
    python = _python_for(user)
    public_home.mkdir()
    os.chown(public_home, user, user)
    bare = {"PATH": "/usr/bin:/bin", "PYTHONPATH": PATHS}
    for _ in range(2):
        with Worker(public_home, python=python, user=user, env=bare) as worker:
            said = worker.said()
            assert said.get("user") == user, said
            assert Path(f"/proc/{said['server']}").stat().st_uid == user
            assert {path.stat().st_uid for path in public_home.rglob("*")} == {user}
            began = monotonic()
            worker.leave()
            took = monotonic() - began
        assert server_pid(public_home) is None
        assert took < 30, "a server that is ready is stopped at once, by whomever"


def test_another_users_data_folder_is_refused(public_home: Path) -> None:
    data_of(public_home).mkdir(parents=True)
    os.chown(data_of(public_home), 54321, 54321)
    with Worker(public_home) as worker:
        said = worker.said()
    assert said["error"] == "postgres-folder-unusable"
    assert "belongs to user id 54321 and you are 0" in said["message"]
