"""Where a backup goes: a new file, which is there as a whole or not at all, and never in the place of another one; or a
stream that is there already.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from infrastructure.backup.errors import BackupNotWritten, FileExists


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Lend a file of mode 0600 to write to. It gets its name when the block ends well, durably; else it goes.

    A process that is killed meanwhile leaves `.heartline-….part` in the same folder, and nothing under the name.

    Raises:
        FileExists: there is something of this name, or came to be meanwhile.
        BackupNotWritten: the system refuses: no space, no permission, no such folder.
    """
    if os.path.lexists(path):
        raise _exists(path)
    unfinished = path.parent / f".heartline-{token_hex(6)}.part"
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(descriptor)
            _name(unfinished, path)
        finally:
            with suppress(FileNotFoundError):
                unfinished.unlink()
        _sync(path.parent)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise BackupNotWritten(
            f"{path}: the backup can't be written ({error.strerror or error}). Nothing is left of it; see to that, or "
            "name a file elsewhere."
        ) from error


@contextmanager
def given_stream(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Lend a stream to write to, which takes everything before the block ends well.

    Raises:
        BackupNotWritten: its reader left, or the system refuses.
    """
    try:
        yield stream
        stream.flush()
    except OSError as error:
        raise BackupNotWritten(
            f"The backup was not written to its end ({error.strerror or error}): what was, can't be restored."
        ) from error


def _name(unfinished: Path, path: Path) -> None:
    """Give the name, unless it is taken."""
    try:
        path.hardlink_to(unfinished)
    except FileExistsError:
        raise
    except OSError:  # this kind of disk knows no second names: take the name first, then put the file in its place
        path.touch(mode=0o600, exist_ok=False)
        unfinished.replace(path)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exists(path: Path) -> FileExists:
    return FileExists(f"{path} exists, and a backup never replaces anything: name another file.")
