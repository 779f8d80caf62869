"""Which server runs on a data folder: reading its pid file, and not believing it."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from infrastructure.embedded.errors import unusable
from infrastructure.embedded.locks import is_held
from infrastructure.embedded.processes import PostgresProcess, server_process

STATES = frozenset({"starting", "stopping", "ready", "standby"})


@dataclass(frozen=True)
class PidFile:
    """What `postmaster.pid` says. It survives a crash, so that its process may be anyone's by now."""

    pid: int
    state: str
    """One of `STATES`, or empty while the file is still being written."""
    port: int
    socket_directory: Path | None

    @classmethod
    def of(cls, data: Path) -> "PidFile | None":
        """The pid file in the data folder, or None if there is none or it names no process."""
        try:
            lines = os.fsdecode((data / "postmaster.pid").read_bytes()).rstrip("\n").split("\n")
            pid = int(lines[0])
        except (FileNotFoundError, ValueError):
            return None
        except OSError as error:
            raise unusable(data, error) from error
        # Its lines: pid, data folder, start time, port, socket folder, address, shared memory, state.
        if len(lines) != 8 or lines[7].strip() not in STATES or not lines[3].isdigit():
            return cls(pid=pid, state="", port=0, socket_directory=None)
        folder = Path(lines[4]) if lines[4] else None
        return cls(pid=pid, state=lines[7].strip(), port=int(lines[3]), socket_directory=folder)


@dataclass(frozen=True)
class Running:
    """A server that is surely this data folder's."""

    pid_file: PidFile
    process: PostgresProcess | None
    """None where it runs out of sight: in another container over the same folder."""


def find_running(data: Path, server_lock: Path) -> Running | None:
    """The server of `data`, or None. Only for whoever has the start lock (it tries `server_lock`).

    Its identity is proven by the process itself, or by its lock together with an answering socket.
    """
    pid_file = PidFile.of(data)
    if pid_file is None:
        return None
    process = server_process(pid_file.pid, data)
    if process is not None:
        return Running(pid_file, process)
    if pid_file.state == "ready" and is_held(server_lock) and _answers(pid_file):
        return Running(pid_file, None)
    return None


def _answers(pid_file: PidFile) -> bool:
    if pid_file.socket_directory is None:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        try:
            client.connect(str(pid_file.socket_directory / f".s.PGSQL.{pid_file.port}"))
        except OSError:
            return False
    return True
