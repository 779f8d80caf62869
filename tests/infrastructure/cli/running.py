"""Runs the command line as people do: as a process of its own."""

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from infrastructure.cli.main import main
from tests.infrastructure.embedded.support import PATHS, PROJECT

Json = dict[str, Any]


class Ran(Struct, frozen=True):
    """What a command came to."""

    code: object
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def answers(self) -> list[Json]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def answer(self) -> Json:
        (only,) = self.answers
        return only


class Tour(Struct, frozen=True):
    """What a tour has shown, and where it serves."""

    text: str
    url: str


SERVED = re.compile(rb"Heartline serves (http://127\.0\.0\.1:\d+) .* until you press Ctrl-C\.")


class Home:
    """One Heartline home, and what may be said to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def environment(self, **more: str) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEARTLINE_")}
        return inherited | {"HEARTLINE_HOME": str(self.path), "PYTHONPATH": PATHS} | more

    def run(
        self,
        *arguments: str,
        code: int = 0,
        stdin: bytes = b"",
        module: str = "main",
        noted: bool = False,
        **environment: str,
    ) -> Ran:
        """Run a command; it must end with this code, quietly if it is fine, and never with a traceback.

        `noted`: it is fine, and has something to say beside its answer.
        """
        ended = subprocess.run(
            [sys.executable, "-m", f"infrastructure.cli.{module}", *arguments],
            input=stdin,
            capture_output=True,
            cwd=PROJECT,
            env=self.environment(**environment),
            timeout=60,
            check=False,
        )
        return _checked(arguments, Ran(ended.returncode, ended.stdout, ended.stderr.decode()), code, noted)

    @contextlib.contextmanager
    def running(self, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a command that goes on for as long as the block runs; then end it as Ctrl-C does."""
        with subprocess.Popen(
            [sys.executable, "-m", "infrastructure.cli.main", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=PROJECT,
            env=self.environment(),
        ) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGINT)
                _out, err = process.communicate(timeout=30)
            assert b"Traceback" not in err

    @contextlib.contextmanager
    def touring(self, **environment: str) -> Iterator["Tour"]:
        """Take the tour, which goes on serving for as long as the block runs; then end it as Ctrl-C does."""
        command = [sys.executable, "-m", "infrastructure.cli.tour"]
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=PROJECT,
            env=self.environment(**environment),
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            lines: list[bytes] = []
            for line in process.stdout:
                lines.append(line)
                if found := SERVED.search(line):
                    break
            else:
                raise AssertionError(process.stderr.read().decode())
            try:
                yield Tour(b"".join(lines).decode(), found[1].decode())
            finally:
                process.send_signal(signal.SIGINT)
                _out, err = process.communicate(timeout=30)
            assert (process.returncode, err.decode()) == (0, "")

    def json(self, *arguments: str, code: int = 0, stdin: bytes = b"", noted: bool = False, **environment: str) -> Ran:
        """Run a command that answers in JSON."""
        return self.run(*arguments, "--json", code=code, stdin=stdin, noted=noted, **environment)

    def inside(self, *arguments: str, code: int = 0, noted: bool = False) -> Ran:
        """Run a command in this process, which saves its start: for what was seen to work as a process of its own."""
        written, err = io.BytesIO(), io.StringIO()
        out = io.TextIOWrapper(written)
        with (
            pytest.MonkeyPatch.context() as changed,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            changed.setenv("HEARTLINE_HOME", str(self.path))
            changed.delenv("HEARTLINE_DATABASE_URL", raising=False)
            with pytest.raises(SystemExit) as ended:
                main(arguments)
        return _checked(arguments, Ran(ended.value.code, written.getvalue(), err.getvalue()), code, noted)


def _checked(arguments: tuple[str, ...], ran: Ran, code: int, noted: bool = False) -> Ran:
    assert ran.code == code, (arguments, ran)
    assert "Traceback" not in ran.err
    assert (ran.err == "") == (code in (0, 1) and not noted), ran.err
    return ran
