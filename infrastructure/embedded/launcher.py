"""Bringing the server up and down. Everything here runs under the start lock.

`pg_ctl` is not used: it goes through a shell, which odd folder names break, and it signals whatever process
the pid file names. The server is started directly, with a list of arguments, and stopped by a signal to a
process that was proven to be it.
"""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from infrastructure.embedded import sockets
from infrastructure.embedded.address import Address
from infrastructure.embedded.binaries import Binaries
from infrastructure.embedded.cluster import SUPERUSER, ensure_cluster, last_words
from infrastructure.embedded.errors import (
    ELSEWHERE,
    BusyError,
    StartError,
    StopError,
    naming_folder,
    no_space,
    says_no_space,
)
from infrastructure.embedded.layout import Layout
from infrastructure.embedded.locks import is_held
from infrastructure.embedded.postmaster import PidFile, find_running
from infrastructure.embedded.privileges import Identity, choose_identity
from infrastructure.embedded.processes import processes_in, watch

START_SECONDS = 120.0
"""How long a start may take; recovery after a crash replays from the last checkpoint."""

STOP_SECONDS = 60.0
"""How long a fast stop may take; it ends with a checkpoint."""

ORPHAN_SECONDS = 5.0
"""How long the processes of a killed server may finish by themselves before they are told to quit."""

ANSWER_SECONDS = 2
"""How long a server may take to answer whether it accepts sessions."""

POLL_SECONDS = 0.005


def ensure_running(layout: Layout, binaries: Binaries, *, new_home: bool) -> Address:
    """The address of the server, started if it does not run."""
    layout.trim_log()
    shared = _settle(layout)
    if shared is not None:
        return shared
    identity = choose_identity(layout, binaries, new_home=new_home)
    ensure_cluster(layout, binaries, identity)
    began = time.monotonic()
    while True:
        folder = _clear_remains(layout, identity)
        said = _launch(layout, binaries, identity, folder)
        if said is None:
            return Address(folder, sockets.PORT, SUPERUSER, layout.data)
        # Where locks are not inherited (some network disks), shared memory tells of processes that are left.
        waited = time.monotonic() - began
        if "still in use" not in said or waited > START_SECONDS:
            raise _failure(layout, said)
        if waited > ORPHAN_SECONDS:
            _quit_orphans(layout)
        time.sleep(0.2)


def stop_running(layout: Layout) -> None:
    """Stop the server, fast but cleanly, if it runs. Raises `StopError`."""
    running = find_running(layout.data, layout.server_lock)
    if running is None or running.process is None:
        return
    process = running.process
    _wait(lambda: process.gone or not _recovers(running.pid_file), STOP_SECONDS)
    try:
        process.signal(signal.SIGINT)  # Postgres' "fast shutdown": sessions end, then a checkpoint
    except PermissionError as error:
        raise StopError(f"Postgres runs on: {error}; stop it as that user") from error
    if not _wait(lambda: process.gone and not is_held(layout.server_lock), STOP_SECONDS):
        raise StopError(
            f"Postgres (process {process.pid}) was told to stop and still runs after {STOP_SECONDS:.0f} s; "
            f"see {layout.log}, then end it with: kill -QUIT {process.pid}"
        )
    folder = running.pid_file.socket_directory
    if folder is not None and folder.parent != layout.root:
        sockets.discard(folder)


def _recovers(pid_file: PidFile) -> bool:
    """Whether it starts anew since one of its processes was killed: PostgreSQL 18 hangs if it is told to stop then."""
    if pid_file.state != "ready" or pid_file.socket_directory is None:
        return False
    try:  # not by libpq's ping: on a server that hangs it waits for ever, and keeps all threads from running
        psycopg.connect(
            host=str(pid_file.socket_directory),
            port=pid_file.port,
            user=SUPERUSER,
            dbname="postgres",
            connect_timeout=ANSWER_SECONDS,
        ).close()
    except psycopg.OperationalError:
        return True
    return False


def _settle(layout: Layout) -> Address | None:
    """Wait until the server is ready, and return its address; or is gone with all its processes: None."""
    began = time.monotonic()
    while time.monotonic() - began < START_SECONDS:
        running = find_running(layout.data, layout.server_lock)
        if running is None and not is_held(layout.server_lock):
            return None
        if running is not None and running.pid_file.state in ("ready", "standby"):
            return _address(layout, running.pid_file)
        if running is None and time.monotonic() - began > ORPHAN_SECONDS:
            _quit_orphans(layout)
        time.sleep(POLL_SECONDS)
    raise BusyError(
        f"an earlier Postgres neither becomes ready nor ends in {layout.data}, after {START_SECONDS:.0f} s; "
        f"see {layout.log}, end its processes, {ELSEWHERE}"
    )


def _address(layout: Layout, pid_file: PidFile) -> Address:
    if pid_file.socket_directory is None:
        raise BusyError(
            f"process {pid_file.pid} runs Postgres on {layout.data} without a Unix socket; stop it, {ELSEWHERE}"
        )
    return Address(pid_file.socket_directory, pid_file.port, SUPERUSER, layout.data)


def _quit_orphans(layout: Layout) -> None:
    """Tell what a dead server left behind to quit: it keeps the next server from starting."""
    for process in processes_in(layout.data):
        try:
            process.signal(signal.SIGQUIT)
        except PermissionError as error:
            raise BusyError(
                f"a killed Postgres left a process behind in {layout.data}: {error}; end it as that user"
            ) from error


def _clear_remains(layout: Layout, identity: Identity) -> Path:
    """Remove what names dead processes, and return the socket folder, made ready."""
    folder = sockets.socket_folder(layout, caller=identity.owner is None)
    sockets.prepare(folder, identity.owner)
    sockets.clear(folder)
    with naming_folder(layout.data):
        (layout.data / "postmaster.pid").unlink(missing_ok=True)
    return folder


def _launch(layout: Layout, binaries: Binaries, identity: Identity, folder: Path) -> str | None:
    """Start the server and wait until it is ready: None; or until it ends: what it said."""
    settings = {
        "listen_addresses": "",
        "port": str(sockets.PORT),
        "unix_socket_directories": sockets.quoted(folder),
        "unix_socket_permissions": "0700",
        "logging_collector": "off",
        "log_destination": "stderr",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with naming_folder(layout.root):
        logged = layout.log.stat().st_size if layout.log.exists() else 0
        pid = identity.detach(binaries.postgres, "-D", layout.data, *options, hold=layout.server_lock, log=layout.log)
    lives = watch(pid)
    if not _wait(lambda: _is_ready(pid, layout) or not lives(), START_SECONDS):
        raise StartError(
            f"Postgres (process {pid}) is not ready after {START_SECONDS:.0f} s and goes on trying, "
            f"perhaps recovering from a crash; see {layout.log} and try again later"
        )
    if _is_ready(pid, layout) and lives():
        return None
    with naming_folder(layout.root), layout.log.open("rb") as log:
        log.seek(logged)
        return log.read().decode(errors="replace")


def _failure(layout: Layout, said: str) -> Exception:
    if says_no_space(said):
        return no_space(layout.root)
    return StartError(
        f"Postgres did not start on {layout.data}, it says: {last_words(said)}; "
        f"all that it says is in {layout.log}; mend that, {ELSEWHERE}"
    )


def _is_ready(pid: int, layout: Layout) -> bool:
    pid_file = PidFile.of(layout.data)
    return pid_file is not None and pid_file.pid == pid and pid_file.state == "ready"


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
