"""The folder of the Unix socket: beside the data where it fits, else a short private one."""

import hashlib
import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from infrastructure.embedded.errors import ELSEWHERE, FolderUnusableError, naming_folder
from infrastructure.embedded.layout import Layout

PORT = 5432
"""It only names the socket file: nothing listens on TCP."""

PATH_BYTES = 103 if sys.platform == "darwin" else 107
"""The longest path that the system takes for a socket, in bytes."""


def socket_folder(layout: Layout, *, caller: bool = True) -> Path:
    """The folder to listen in. `caller`: the server runs with the caller's own file rights.

    A path that is too long goes elsewhere, and so does one that libpq would misread: it splits at commas.
    """
    if fits(layout.root / "socket"):
        return layout.root / "socket"
    digest = hashlib.sha256(os.fsencode(layout.data)).hexdigest()[:16]
    name = f"heartline-{os.geteuid()}-{digest}"
    for parent in _runtime_folders(caller=caller):
        if parent.is_dir() and fits(parent / name):
            return parent / name
    raise FolderUnusableError(
        f"{layout.root} is too long a path for a socket, and no temporary folder is short enough; "
        f"set XDG_RUNTIME_DIR or TMPDIR, or HEARTLINE_HOME, to a shorter one, {ELSEWHERE}"
    )


def fits(folder: Path) -> bool:
    """Whether a socket in `folder` can be named to the system and to libpq."""
    path = str(folder / f".s.PGSQL.{PORT}")
    odd = "," in path or any(not character.isprintable() for character in path)
    return not odd and len(os.fsencode(path)) <= PATH_BYTES


def prepare(folder: Path, owner: tuple[int, int] | None) -> None:
    """Make the folder, mode 0700, for the server's `owner` (ids of user and group; None: the caller).

    Raises `FolderUnusableError` if it is somebody else's: whoever owns it could pose as the server.
    """
    user = os.geteuid()
    with naming_folder(folder):
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {user, owner[0] if owner else user}:
            raise FolderUnusableError(
                f"{folder} exists and isn't your own folder (its user id is {found.st_uid}); "
                f"have it removed, or set TMPDIR or HEARTLINE_HOME to another folder, {ELSEWHERE}"
            )
        folder.chmod(0o700)
        if owner is not None:
            os.chown(folder, *owner)


def clear(folder: Path) -> None:
    """Remove what a dead server left: its lock file names a process too, which may be anyone's by now."""
    with naming_folder(folder):
        (folder / f".s.PGSQL.{PORT}").unlink(missing_ok=True)
        (folder / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Remove a socket folder that lies outside the home, if it is empty."""
    with suppress(OSError):  # it is somebody else's business when there is more in it
        folder.rmdir()


def quoted(folder: Path) -> str:
    """The folder as one element of `unix_socket_directories`."""
    doubled = str(folder).replace('"', '""')
    return f'"{doubled}"'


def _runtime_folders(*, caller: bool) -> list[Path]:
    places = [Path("/tmp")]  # noqa: S108 - the last resort; `prepare` makes and checks a private folder in it
    with suppress(FileNotFoundError):
        places.insert(0, Path(tempfile.gettempdir()))
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if caller and Path(runtime).is_absolute() and _is_own(Path(runtime)):
        places.insert(0, Path(runtime))
    return places


def _is_own(folder: Path) -> bool:
    try:
        return folder.is_dir() and folder.stat().st_uid == os.geteuid()
    except OSError:
        return False
