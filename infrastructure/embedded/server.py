"""The embedded Postgres of one Heartline home: start it, share it, leave it."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from infrastructure.embedded.address import Address
from infrastructure.embedded.binaries import find_binaries
from infrastructure.embedded.cluster import made_by
from infrastructure.embedded.errors import BinariesMissingError
from infrastructure.embedded.launcher import ensure_running, stop_running
from infrastructure.embedded.layout import Layout
from infrastructure.embedded.locks import UsersLock, start_lock
from infrastructure.embedded.postmaster import PidFile
from infrastructure.embedded.processes import server_process


@dataclass(frozen=True)
class Status:
    """What there is, for a person who looks for a fault."""

    binaries: Path | None
    """The folder of the Postgres programs; None if none were found."""
    version: str | None
    """Of those programs: `18.4`."""
    data_directory: Path
    data_version: str | None
    """The major version that made the data folder; None if there is none yet."""
    pid: int | None
    """The running server's process; None if it does not run, or runs out of sight in another container."""
    socket_directory: Path | None
    """Where the running server listens."""
    log: Path


class EmbeddedPostgres:
    """A Postgres of one's own in `<home>/postgres`, on a Unix socket that only this user can reach.

    All processes with the same home share one server: the first one starts it, the last one to leave stops
    it. A user that is killed counts as gone, and the server then lives on until the next user leaves. A
    server that is in use is never stopped. Objects of one process count as users of their own.

    Every error is an `EmbeddedPostgresError` and says what to do.
    """

    def __init__(self, home: Path) -> None:
        self._layout = Layout.below(home)
        self._users = UsersLock(self._layout.users_lock)
        self._mutex = threading.Lock()

    def start(self) -> Address:
        """Use the server: make its data folder, start it, recover it after a crash, or join it, as need be.

        About a second when the data folder is made, a tenth of one later. May be repeated, after a crash too.
        """
        with self._mutex:
            new_home = self._layout.make()
            binaries = find_binaries()
            with start_lock(self._layout.start_lock):
                self._users.share()
                try:
                    return ensure_running(self._layout, binaries, new_home=new_home)
                except BaseException:
                    if self._users.leave():
                        stop_running(self._layout)
                    raise

    def stop(self) -> None:
        """Stop using the server; whoever leaves last stops it. Does nothing where it is not in use."""
        with self._mutex:
            if not self._users.shared:
                return
            try:
                with start_lock(self._layout.start_lock):
                    if self._users.leave():
                        stop_running(self._layout)
            finally:
                self._users.leave()

    def status(self) -> Status:
        """What there is, changing nothing."""
        binaries = None
        with suppress(BinariesMissingError):
            binaries = find_binaries()
        data = self._layout.data
        pid_file = PidFile.of(data)
        process = server_process(pid_file.pid, data) if pid_file else None
        return Status(
            binaries=binaries.folder if binaries else None,
            version=binaries.version if binaries else None,
            data_directory=data,
            data_version=made_by(data),
            pid=process.pid if process else None,
            socket_directory=pid_file.socket_directory if pid_file and process else None,
            log=self._layout.log,
        )

    def __enter__(self) -> Address:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
