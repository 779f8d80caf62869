"""The locks between processes. The system releases each of them when its holder dies, however it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from infrastructure.embedded.errors import BusyError, naming_folder

LOCK_SECONDS = 180.0
"""How long to wait for another process that starts or stops the server (crash recovery may take its time)."""


@contextmanager
def start_lock(path: Path) -> Iterator[None]:
    """Hold the lock for starting and stopping the server. Raises `BusyError`, `FolderUnusableError`."""
    lock = FileLock(path, timeout=LOCK_SECONDS, poll_interval=0.01, mode=0o600)
    try:
        with naming_folder(path.parent):
            lock.acquire()
    except Timeout as error:
        raise BusyError(
            f"another process has been starting or stopping Postgres for {LOCK_SECONDS:.0f} s "
            f"(it holds {path}); wait for it, or end it, and try again"
        ) from error
    try:
        yield
    finally:
        lock.release()


class UsersLock:
    """One user's share in the server.

    A flock belongs to the open file: two objects of one process are two users. The file is closed on exec, so
    that no program started from here (Postgres least of all) keeps a share by inheritance.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._process = 0

    @property
    def shared(self) -> bool:
        """Whether this object holds its share in this very process (a fork does not inherit it)."""
        return self._file is not None and self._process == os.getpid()

    def share(self) -> None:
        """Become a user. Raises `FolderUnusableError`."""
        if self.shared:
            return
        self._close()
        with naming_folder(self._path.parent):
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_SH)
            except BaseException:
                os.close(file)
                raise
        self._file, self._process = file, os.getpid()

    def leave(self) -> bool:
        """Stop being a user; True if nobody is left. Call it under the start lock: nobody joins meanwhile."""
        if not self.shared or self._file is None:
            self._close()
            return False
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            return True
        finally:
            # Unlocked by name, not only closed: a forked child may hold the same open file.
            fcntl.flock(self._file, fcntl.LOCK_UN)
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def is_held(path: Path) -> bool:
    """Whether any process holds `path` exclusively.

    Only for whoever has the start lock: to find out, it takes the lock for an instant.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
