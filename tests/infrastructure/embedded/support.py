"""Real processes around one home, and waiting for real conditions."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg

from infrastructure.embedded.address import Address
from infrastructure.embedded.postmaster import PidFile
from infrastructure.embedded.processes import processes_in, server_process

PROJECT = Path(__file__).resolve().parents[3]
PATHS = os.pathsep.join([str(PROJECT), *(path for path in sys.path if path.endswith("site-packages"))])
"""Where another interpreter, or one without this environment, finds the project and its libraries."""
NOBODY = 65534


def until(condition: Callable[[], object], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        pause.wait(0.005)


def ask(address: Address, query: str) -> Any:
    with psycopg.connect(address.conninfo(user=address.superuser, dbname="postgres"), autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def data_of(home: Path) -> Path:
    return home / "postgres" / "data"


def server_pid(home: Path) -> int | None:
    """The process of the server that runs on this home, proven; None if there is none."""
    pid_file = PidFile.of(data_of(home).resolve())
    process = server_process(pid_file.pid, data_of(home).resolve()) if pid_file else None
    return process.pid if process else None


def kill_server(home: Path) -> int:
    pid = server_pid(home)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: server_pid(home) is None, "the killed server is gone")
    return pid


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A short folder that every user may pass, unlike pytest's own; what runs in it is ended afterwards.

    It lies in memory where there is room: fifty clusters on a disk take minutes to flush and to discard.
    """
    folder = Path(tempfile.mkdtemp(prefix="hl-", dir=_roomy()))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for data in list(folder.rglob("postgres/data")):
            _end_everything(data)
        shutil.rmtree(folder)


def _roomy() -> str:
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30
    return str(memory) if roomy else "/tmp"


def _end_everything(data: Path) -> None:
    """Leave nothing running on this data folder: its own, proven processes only."""
    for process in processes_in(data):
        process.signal(signal.SIGQUIT)
    until(lambda: not processes_in(data), "the server's processes are gone")


class Worker:
    """A process that uses the server until it is told to leave."""

    def __init__(
        self,
        home: Path,
        *options: str,
        python: str = sys.executable,
        user: int | None = None,
        env: dict[str, str] | None = None,
        wrapper: Sequence[str] = (),
    ) -> None:
        self.process = subprocess.Popen(
            [*wrapper, python, "-m", "tests.infrastructure.embedded.worker", str(home), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
            env=os.environ | {"PYTHONPATH": PATHS} if env is None else env,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )

    def said(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the worker ended without a word"
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer

    def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.said() == {"left": True}

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self.process.wait(60)
