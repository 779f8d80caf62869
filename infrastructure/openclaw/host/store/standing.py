"""How a host's SQLite file lies on the disk now, and how it can be read so that nothing beside it changes."""

import time
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import BinaryIO

import msgspec

try:
    import fcntl
except ImportError:  # not a Unix: SQLite locks by other means there, and what is open can't be deleted
    fcntl = None  # type: ignore[assignment]  # what it is used for is left out then

_MAGIC = b"SQLite format 3\x00"
_HEADER = 100
_READ_VERSION = 19
_LOGGED = 2

# The bytes that SQLite locks for whoever reads: SHARED_FIRST and SHARED_SIZE of its file format.
_FIRST_SHARED = 0x40000002
_SHARED = 510
_PAUSE = 0.01
_COPIED_AT_ONCE = 1 << 20


class Road(Enum):
    """How a database is to be opened; the value is what its address says."""

    ROLLBACK = "mode=ro"
    """No write-ahead log: reading locks the file for a moment, and writes nothing."""

    SHARED = "mode=ro&readonly_shm=1"
    """With a write-ahead log and its index, in which nothing is marked. Where no writer lives any more SQLite makes an
    index of its own, in memory."""

    STILL = "mode=ro&immutable=1"
    """In the form for a write-ahead log, but there is none: nobody has it open. See Standing."""

    COPIED = "mode=rwc"
    """What lies beside it can't be read in place without writing there: a copy is read."""


class NoDatabase(Exception):
    """The file is no SQLite database; the text says why."""


class Mark(msgspec.Struct, frozen=True):
    """What tells a file from itself before it was written to; times in ns."""

    inode: int
    size: int
    modified: int
    changed: int


class Standing:
    """How a database lies, from when it is made until it is closed.

    As long as its lock is held, which is the one that every reader of SQLite takes, no host deletes the write-ahead
    log. A database in the form for a log but without one is *still*: a host that has it open has made the log before
    its first read, and the last one deletes it, for which it needs the lock that is held here. So if there is none
    afterwards either (`holds`), nobody wrote in between. Where a log is that holds something but has no index (a copy,
    or a read-only folder of a host that was killed), this is not certain, and only a copy of both is read.

    The locks on a file are of the whole process: nothing else of it may have the same file open.
    """

    def __init__(self, path: Path, patience: float) -> None:
        """Look at the database; a host that locks it is waited for `patience` seconds.

        Raises NoDatabase, OSError, and TimeoutError if it stays locked.
        """
        self._path = path
        self._file: BinaryIO = path.open("rb")
        try:
            _lock(self._file.fileno(), patience)
            self._logged = _is_logged(self._file.read(_HEADER))
            self.marks = _marks(path)
        except BaseException:
            self._file.close()
            raise
        if self.road is Road.ROLLBACK:  # SQLite itself locks such a database when it has to
            _unlock(self._file.fileno())

    def close(self) -> None:
        """Give up the lock. A connection to the database must be closed before."""
        self._file.close()

    @property
    def road(self) -> Road:
        """How it is to be opened."""
        _, wal, index, _ = self.marks
        if wal is not None and index is not None:
            return Road.SHARED
        if wal is not None and (wal.size > 0 or not self._logged):
            return Road.COPIED
        return Road.STILL if self._logged else Road.ROLLBACK

    @property
    def orphaned(self) -> bool:
        """The index of a write-ahead log is there and the log is not: a clean end of the host deletes both."""
        _, wal, index, _ = self.marks
        return self._logged and wal is None and index is not None

    @property
    def journal(self) -> bool:
        """There is a journal that holds something: of a host that writes, or that was killed while it did."""
        journal = self.marks[3]
        return journal is not None and journal.size > 0

    def holds(self) -> bool:
        """Tell whether nobody wrote since: on the roads STILL and COPIED what was read is of one moment then."""
        return _marks(self._path) == self.marks

    def stands(self) -> bool:
        """Tell whether the files are the same ones still, be it that they were written to."""
        return [mark and mark.inode for mark in _marks(self._path)[:3]] == [
            mark and mark.inode for mark in self.marks[:3]
        ]

    def copy(self, folder: Path) -> Path:
        """Copy the database, and what lies beside it and is part of it, into a folder of one's own; give the copy."""
        copied = folder / "copy.sqlite"
        self._file.seek(0)
        _copy(self._file, copied)
        for ending in ("-wal", "-journal"):
            with suppress(FileNotFoundError), Path(f"{self._path}{ending}").open("rb") as source:
                _copy(source, Path(f"{copied}{ending}"))
        return copied


def _is_logged(header: bytes) -> bool:
    if len(header) < _HEADER:
        raise NoDatabase(f"it ends after {len(header)} bytes" if header else "it is empty")
    if not header.startswith(_MAGIC):
        raise NoDatabase("it does not begin like an SQLite database")
    return header[_READ_VERSION] == _LOGGED


def _marks(path: Path) -> tuple[Mark | None, ...]:
    return tuple(_mark(Path(f"{path}{ending}")) for ending in ("", "-wal", "-shm", "-journal"))


def _mark(path: Path) -> Mark | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return Mark(inode=found.st_ino, size=found.st_size, modified=found.st_mtime_ns, changed=found.st_ctime_ns)


def _lock(descriptor: int, patience: float) -> None:
    if fcntl is None:
        return
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB, _SHARED, _FIRST_SHARED)
        except (BlockingIOError, PermissionError):
            if time.monotonic() > until:
                raise TimeoutError("the host keeps it locked") from None
            time.sleep(_PAUSE)
        except OSError:  # a file system without locks: nobody can have it locked
            return
        else:
            return


def _unlock(descriptor: int) -> None:
    if fcntl is not None:
        with suppress(OSError):
            fcntl.lockf(descriptor, fcntl.LOCK_UN, _SHARED, _FIRST_SHARED)


def _copy(source: BinaryIO, target: Path) -> None:
    with target.open("wb") as written:
        while piece := source.read(_COPIED_AT_ONCE):
            written.write(piece)
