"""Telling Postgres' processes from everybody else's, and signalling none but them."""

import itertools
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]


class PostgresProcess:
    """A live process that was proven to be Postgres at work in one data folder.

    It stays the same process even when its id is given to another one later: then it counts as gone.
    """

    def __init__(self, process: "psutil.Process") -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The process id."""
        return int(self._process.pid)

    @property
    def gone(self) -> bool:
        """Whether it has ended. One that nobody has collected (a zombie) has."""
        return not _lives(self._process)

    def signal(self, number: int) -> None:
        """Send a signal, unless it is gone. Raises `PermissionError` for another user's process."""
        try:
            self._process.send_signal(number)
        except psutil.NoSuchProcess:
            return
        except psutil.AccessDenied as error:
            raise PermissionError(f"process {self.pid} belongs to another user") from error


def server_process(pid: int, data: Path) -> PostgresProcess | None:
    """The process `pid` if it is a live Postgres server of `data`; None for anybody else's.

    Inside containers one may see a command line but no working directory, so that either will do.
    """
    if pid <= 0:
        return None
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if _lives(process) and _is_postgres(process) and (_serves(process, data) or _works_in(process, data)):
            return PostgresProcess(process)
    return None


def processes_in(data: Path) -> list[PostgresProcess]:
    """Every Postgres process in `data`: for a killed server, those that it left behind."""
    found: list[PostgresProcess] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if _is_postgres(process) and _works_in(process, data) and _lives(process):
                found.append(PostgresProcess(process))
    return found


def watch(pid: int) -> Callable[[], bool]:
    """A question to ask again and again: does this process, that was just started, still live?"""
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return lambda: False
    return lambda: _lives(process)


def _lives(process: "psutil.Process") -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _is_postgres(process: "psutil.Process") -> bool:
    return str(process.name()).startswith(("postgres", "postmaster"))


def _serves(process: "psutil.Process", data: Path) -> bool:
    return ("-D", str(data)) in itertools.pairwise(process.cmdline())


def _works_in(process: "psutil.Process", data: Path) -> bool:
    """Every Postgres process has its data folder as working directory."""
    with suppress(psutil.AccessDenied, OSError):
        return data.samefile(process.cwd())
    return False
