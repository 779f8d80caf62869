"""Imports and recorders in processes of their own, what they come to, and killing them: none but our own, by id."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Self

import psycopg
from msgspec import Struct

from infrastructure.composition import DATABASE
from infrastructure.embedded.postmaster import PidFile
from infrastructure.embedded.processes import processes_in
from infrastructure.embedded.server import EmbeddedPostgres
from tests.infrastructure.embedded.support import PATHS, PROJECT, data_of, until

SECONDS = 60.0
"""How long anything may take here. (It takes a second or two.)"""


class Ended(Struct, frozen=True):
    """How a process ended: its exit code (negative for a signal) and what it said."""

    code: int
    said: str
    complained: str

    def answer(self) -> dict[str, Any]:
        """Give what a process that did well answered."""
        assert self.code == 0, self
        answer = json.loads(self.said)
        assert isinstance(answer, dict)
        return answer


TOLD = re.compile(r"heartline: \S.+\S \[(?:database-unavailable|postgres-start-failed)\]\n")
"""What a person reads when Postgres was killed: one line, what it is and what to do."""


def assert_told(ended: Ended) -> None:
    assert ended.code == 3, ended
    assert ended.said == "", ended
    assert TOLD.fullmatch(ended.complained), ended


class Program:
    """A Python module that runs on a home, or where the environment says, until it ends or is killed."""

    def __init__(self, home: Path, module: str, *arguments: str, **its_environment: str) -> None:
        self._out, self._err = TemporaryFile(), TemporaryFile()  # noqa: SIM115  # closed when it ends
        environment = {name: value for name, value in os.environ.items() if name != "HEARTLINE_DATABASE_URL"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=self._out,
            stderr=self._err,
            cwd=PROJECT,
            env=environment | {"PYTHONPATH": PATHS, "HEARTLINE_HOME": str(home)} | its_environment,
        )

    def feed(self, lines: Iterable[bytes]) -> None:
        """Write lines to its input; returns once it has taken them, but for what a pipe holds. It may be dead."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.writelines(line + b"\n" for line in lines)
            self.process.stdin.flush()

    @property
    def over(self) -> bool:
        return self.process.poll() is not None

    def kill(self) -> None:
        self.process.kill()

    def ended(self) -> Ended:
        """End its input and wait for it."""
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()
        code = self.process.wait(SECONDS)
        for file in (self._out, self._err):
            file.seek(0)
        return Ended(code, self._out.read().decode(), self._err.read().decode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self.ended()
        self._out.close()
        self._err.close()


def importing(home: Path, *arguments: str) -> Program:
    """Start `heartline import`."""
    return Program(home, "infrastructure.cli.main", "import", "--json", *arguments)


class Progress:
    """How far the ledger of a home has come, seen from outside: it neither starts the server nor keeps it up."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def reached(self, events: int) -> bool:
        return (self.ask("select count(*) from heartline.events") or 0) >= events

    def ask(self, query: str, dbname: str = DATABASE) -> Any:
        """Give the first value of an answer; None where there is no server, database or table yet."""
        try:
            if self._connection is None:
                self._connection = self._connect(dbname)
            row = self._connection.execute(query.encode()).fetchone() if self._connection else None
        except psycopg.Error:
            self.close()
            return None
        return row[0] if row else None

    def _connect(self, dbname: str) -> psycopg.Connection[tuple[Any, ...]] | None:
        pid_file = PidFile.of(data_of(self._home).resolve())
        if pid_file is None or pid_file.state != "ready" or pid_file.socket_directory is None:
            return None
        conninfo = f"dbname={dbname} user=postgres"
        return psycopg.connect(conninfo, host=str(pid_file.socket_directory), port=pid_file.port, autocommit=True)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def kill_postgres(home: Path, victim: str) -> bool:
    """Kill the server of this home, or its backend of an import; False if there is none (yet)."""
    status = EmbeddedPostgres(home).status()
    if status.pid is None:
        return False
    if victim == "postmaster":
        os.kill(status.pid, signal.SIGKILL)
    elif victim == "everything":
        for process in processes_in(status.data_directory):
            process.signal(signal.SIGKILL)
    else:
        with Progress(home) as progress:
            backend = progress.ask("select pid from pg_stat_activity where application_name = 'heartline'")
        ours = [process for process in processes_in(status.data_directory) if process.pid == backend]
        for process in ours:
            process.signal(signal.SIGKILL)
        return bool(ours)
    return True


def wait_for(condition: Callable[[], object], program: Program, what: str) -> None:
    """Wait until something is so, or the program has ended."""
    until(lambda: program.over or condition(), what, SECONDS)
