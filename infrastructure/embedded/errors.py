"""What can go wrong with the embedded Postgres, each with what to do about it."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import HeartlineError

ELSEWHERE = "or set HEARTLINE_DATABASE_URL to a Postgres of your own"


class EmbeddedPostgresError(HeartlineError):
    """The base of this room's errors."""

    code = "embedded-postgres"


class BinariesMissingError(EmbeddedPostgresError):
    """No Postgres programs were found, or they can't be run."""

    code = "postgres-missing"


class VersionMismatchError(EmbeddedPostgresError):
    """The data folder was made by another major version than the programs at hand."""

    code = "postgres-version-mismatch"


class FolderUnusableError(EmbeddedPostgresError):
    """A folder can't be made, written or trusted: no space, no permission, or another user's."""

    code = "postgres-folder-unusable"


class PrivilegesError(EmbeddedPostgresError):
    """Postgres refuses to run as this user, and this system offers no other identity."""

    code = "postgres-privileges-refused"


class StartError(EmbeddedPostgresError):
    """Postgres did not come up; the message quotes its own words and names the log."""

    code = "postgres-start-failed"


class StopError(EmbeddedPostgresError):
    """Postgres did not stop in time, or may not be signalled by this user."""

    code = "postgres-stop-failed"


class BusyError(EmbeddedPostgresError):
    """Somebody else starts, stops or blocks the server for longer than is reasonable."""

    code = "postgres-busy"


@contextmanager
def naming_folder(folder: Path) -> Iterator[None]:
    """Turn an `OSError` of the body into a `FolderUnusableError` that names `folder` and what to do."""
    try:
        yield
    except OSError as error:
        raise unusable(folder, error) from error


def unusable(folder: Path, error: OSError) -> FolderUnusableError:
    """The error for a folder that the system refuses, in words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_space(folder)
    why = (error.strerror or str(error)).lower()
    return FolderUnusableError(
        f"the embedded Postgres can't use the folder {folder}: {why}; "
        f"make it writable for you, set HEARTLINE_HOME to another folder, {ELSEWHERE}"
    )


def says_no_space(text: str) -> bool:
    """Whether a program's output complains about a full disk."""
    return any(os.strerror(number) in text for number in (errno.ENOSPC, errno.EDQUOT))


def no_space(folder: Path) -> FolderUnusableError:
    """The error for a full disk (or an exhausted quota) under `folder`."""
    return FolderUnusableError(
        f"no space is left on the disk of {folder}; free some, "
        f"set HEARTLINE_HOME to a folder on another disk, {ELSEWHERE}"
    )
