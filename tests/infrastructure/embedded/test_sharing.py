import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.embedded.server import EmbeddedPostgres
from tests.infrastructure.embedded.support import PATHS, PROJECT, Worker, ask, server_pid


def test_eight_processes_at_once_share_one_server_and_the_last_one_stops_it(new_home: Path) -> None:
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Worker(new_home)) for _ in range(8)]
        servers = {worker.said()["server"] for worker in workers}
        assert servers == {server_pid(new_home)}
        for worker in workers:
            assert server_pid(new_home) is not None
            worker.leave()
        assert server_pid(new_home) is None


def test_a_killed_user_leaves_the_server_to_the_others(home: Path) -> None:
    with EmbeddedPostgres(home) as address, Worker(home) as worker:
        worker.said()
        worker.kill()
        assert ask(address, "select 1") == 1
    assert server_pid(home) is None


def test_after_a_killed_last_user_the_server_lives_until_the_next_user_leaves(home: Path) -> None:
    with Worker(home) as worker:
        server = worker.said()["server"]
        worker.kill()
    assert server_pid(home) == server
    with EmbeddedPostgres(home):
        assert server_pid(home) == server
    assert server_pid(home) is None


def test_users_come_and_go_at_random_and_each_finds_a_server(home: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from infrastructure.embedded.server import EmbeddedPostgres\n"
        "embedded = EmbeddedPostgres(Path(sys.argv[1]))\n"
        "for _ in range(5):\n"
        "    address = embedded.start()\n"
        "    assert embedded.status().pid and address.socket_directory.joinpath('.s.PGSQL.5432').exists()\n"
        "    embedded.stop()\n"
    )
    users = [
        subprocess.Popen([sys.executable, "-c", script, str(home)], cwd=PROJECT, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    errors = [user.communicate(timeout=60)[1].decode() for user in users]
    assert errors == ["", "", ""]
    assert server_pid(home) is None


def test_a_forked_child_is_no_user_of_its_parents_server(home: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path\n"
        "from infrastructure.embedded.server import EmbeddedPostgres\n"
        "embedded = EmbeddedPostgres(Path(sys.argv[1]))\n"
        "embedded.start()\n"
        "child = os.fork()\n"
        "embedded.stop() if not child else os.waitpid(child, 0)\n"
        "if not child: os._exit(0)\n"
        "assert embedded.status().pid, 'the child stopped it'\n"
        "embedded.stop()\n"
        "assert not embedded.status().pid, 'the parent did not stop it'\n"
    )
    subprocess.run([sys.executable, "-c", script, str(home)], cwd=PROJECT, check=True, timeout=60)


def test_users_with_other_temporary_folders_find_the_same_server(place: Path) -> None:
    home = place / ("long" * 40) / "home"
    surroundings = os.environ | {"PYTHONPATH": PATHS, "TMPDIR": str(place)}
    with EmbeddedPostgres(home) as address, Worker(home, env=surroundings) as worker:
        assert worker.said()["socket"] == str(address.socket_directory)
        worker.leave()
        assert ask(address, "select 1") == 1


def test_a_server_in_another_container_is_shared_and_not_stopped(home: Path) -> None:
    container = ["unshare", "--pid", "--fork", "--mount-proc"]
    if not shutil.which("unshare") or subprocess.run([*container, "true"], check=False).returncode:
        pytest.skip("this system does not let a test make a process namespace")
    with Worker(home, wrapper=container) as worker:
        assert worker.said()["server"]
        embedded = EmbeddedPostgres(home)
        address = embedded.start()
        assert embedded.status().pid is None
        embedded.stop()
        assert ask(address, "select 1") == 1
        worker.leave()
    with EmbeddedPostgres(home) as address:
        assert server_pid(home) is not None
        assert ask(address, "select 1") == 1
