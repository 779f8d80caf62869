"""Under whose identity Postgres runs. It refuses root, and it refuses a user without a name."""

import os
import pwd
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from infrastructure.embedded import shim
from infrastructure.embedded.binaries import Binaries
from infrastructure.embedded.errors import (
    ELSEWHERE,
    BusyError,
    FolderUnusableError,
    PrivilegesError,
    StartError,
    naming_folder,
)
from infrastructure.embedded.layout import Layout

NOBODY = 65534
"""The id of `nobody` where the system does not name one."""


@dataclass(frozen=True)
class Identity:
    """How to become whoever runs Postgres."""

    options: tuple[str, ...] = ()
    owner: tuple[int, int] | None = None
    """User and group id that must own the data folder; None: the caller's own."""

    def run(self, *command: str | Path, hold: Path) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end, holding the lock `hold`; its output is captured."""
        return self._shim("--hold", hold, "--", *command)

    def detach(self, *command: str | Path, hold: Path, log: Path) -> int:
        """Start a program that outlives the caller, writing to `log`; return its process id."""
        answer = self._shim("--hold", hold, "--log", log, "--detach", "--", *command)
        return int(answer.stdout)

    def refusal(self, folder: Path, program: Path) -> str | None:
        """Why this identity can't be taken or can't reach `folder` and `program`; None if it can."""
        answer = self._shim("--probe", folder, "--", program, check=False)
        return None if answer.returncode == 0 else answer.stderr.strip() or f"exit code {answer.returncode}"

    def _shim(self, *arguments: str | Path, check: bool = True) -> "subprocess.CompletedProcess[str]":
        answer = subprocess.run(
            [sys.executable, "-I", "-S", shim.__file__, *self.options, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=_environment(),
            cwd="/",
            check=False,
        )
        if check and answer.returncode == shim.HELD:
            raise BusyError("processes of an earlier Postgres are still at work in the data folder; try again")
        if check and answer.returncode == shim.SYSTEM:
            raise StartError(f"Postgres can't be started: {answer.stderr.strip()}; {_ADVICE}")
        if check and answer.returncode in (shim.NO_NAMESPACE, shim.NO_SETUID):
            raise PrivilegesError(f"Postgres can't run: {answer.stderr.strip()}; {_ADVICE}")
        return answer


_ADVICE = f"run Heartline as an ordinary user, {ELSEWHERE}"


def choose_identity(layout: Layout, binaries: Binaries, *, new_home: bool) -> Identity:
    """The identity for this caller, with the data folder made its own.

    An ordinary user runs it as he is. Root, and a user id without a name (common in containers), becomes
    `nobody` inside a user namespace: outside, the files remain the caller's and no folder's mode changes.
    Where namespaces are refused, root runs it as the user `nobody`, if that user may pass the folders.

    Raises `PrivilegesError`, or `FolderUnusableError` for another user's data folder.
    """
    user = os.geteuid()
    nobody = _nobody()
    owner = _owner(layout.data)
    if owner is not None and owner != user and not (user == 0 and owner == nobody[0]):
        raise FolderUnusableError(
            f"the data folder {layout.data} belongs to user id {owner} and you are {user}; run Heartline "
            f"as that user, set HEARTLINE_HOME to a folder of your own, {ELSEWHERE}"
        )
    if user != 0 and _has_name(user):
        return Identity()
    refusals: list[str] = []
    if owner != nobody[0] or user != 0:
        namespaced = Identity(options=("--namespace", str(nobody[0])))
        refusal = namespaced.refusal(layout.root, binaries.postgres)
        if refusal is None:
            return namespaced
        refusals.append(f"in a user namespace: {refusal}")
    if user == 0:
        demoted = Identity(options=("--setuid", f"{nobody[0]}:{nobody[1]}"), owner=nobody)
        _hand_over(layout, nobody, new_home=new_home)
        refusal = demoted.refusal(layout.root, binaries.postgres)
        if refusal is None:
            return demoted
        refusals.append(f"as the user nobody: {refusal}")
    who = "root" if user == 0 else f"the user id {user}, which has no name on this system"
    raise PrivilegesError(f"Postgres refuses to run as {who}, and {'; '.join(refusals)}; {_ADVICE}")


def _hand_over(layout: Layout, ids: tuple[int, int], *, new_home: bool) -> None:
    """Let the user `ids` pass our own folders, and give it the data.

    The folder around the data stays the caller's: `nobody` may be others too, who could put links into it.
    A home keeps its mode unless it was just made.
    """
    with naming_folder(layout.root):
        if new_home:
            layout.home.chmod(0o711)
        layout.root.chmod(0o711)
        if _owner(layout.data) in (None, ids[0]):
            return
        os.chown(layout.data, *ids)
        for folder, folders, files in os.walk(layout.data):
            for name in (*folders, *files):
                os.chown(Path(folder) / name, *ids, follow_symlinks=False)


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FolderUnusableError(f"the folder {path} can't be read: {error.strerror}; {_ADVICE}") from error


def _has_name(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _nobody() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return NOBODY, NOBODY
    return entry.pw_uid, entry.pw_gid


def _environment() -> dict[str, str]:
    """What Postgres gets to see: no keys and tokens of the caller, and none of libpq's variables."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    return {"PATH": os.defpath, **found, "LC_ALL": "C", "TZ": "UTC"}
