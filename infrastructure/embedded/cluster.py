"""Making the data folder, all or nothing, and checking one that is there."""

import os
import re
import secrets
import shlex
import shutil
from pathlib import Path

from infrastructure.embedded.binaries import Binaries
from infrastructure.embedded.errors import (
    ELSEWHERE,
    FolderUnusableError,
    StartError,
    VersionMismatchError,
    naming_folder,
    no_space,
    says_no_space,
)
from infrastructure.embedded.layout import Layout
from infrastructure.embedded.privileges import Identity

SUPERUSER = "postgres"

_PREFIX = re.compile(r"^\d{4}-\d\d-\d\d [\d:.]+ \w+ \[\d+\] ")
_GRAVE = re.compile(r"\b(FATAL|PANIC|ERROR|error):")

# Written at the end of postgresql.conf once, when the cluster is made: yours to tune from then on. What the
# launcher itself depends on (socket, port, no TCP) is given on the command line and overrides this file.
SETTINGS = """
# --- Heartline ---
max_connections = 60
shared_buffers = 128MB
fsync = on                              # an acknowledged event survives a crash of the machine
full_page_writes = on
synchronous_commit = on
log_min_messages = warning
log_min_error_statement = panic         # statements carry contents of contexts: keep them out of the log
log_checkpoints = off
log_line_prefix = '%m [%p] '
"""

# The socket folder's mode (0700) is the door: whoever may enter is trusted. There are no lines for TCP.
RULES = """\
local   all             all    trust
local   replication     all    trust
"""


def made_by(data: Path) -> str | None:
    """The major version that made the data folder (`18`), or None if there is no cluster in it."""
    try:
        return (data / "PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FolderUnusableError(f"the data folder {data} can't be read: {error.strerror}") from error


def ensure_cluster(layout: Layout, binaries: Binaries, identity: Identity) -> None:
    """Make the cluster unless it is there. Call it under the start lock.

    Raises `VersionMismatchError`, `FolderUnusableError` (no space, or something else in it) or `StartError`.
    """
    with naming_folder(layout.root):
        for leftover in layout.root.glob("data.new-*"):
            shutil.rmtree(leftover)
    version = made_by(layout.data)
    if version is None:
        _make(layout, binaries, identity)
    elif version != str(binaries.major):
        raise VersionMismatchError(_steps_to_move(layout.data, version, binaries))


def _steps_to_move(data: Path, version: str, binaries: Binaries) -> str:
    """What happened, and the way over: on one line, as all errors are."""
    folder, aside = shlex.quote(str(data)), shlex.quote(f"{data}.postgres-{version}")
    return (
        f"the data folder {data} was made by Postgres {version} and the programs in {binaries.folder} are Postgres "
        f"{binaries.major}, which can't read it; nothing was changed. To move the ledger over: "
        f"(1) with the version of heartline that brought Postgres {version}, the one you had before: "
        "heartline backup heartline.backup "
        f"(2) mv {folder} {aside} "
        "(3) with this version: heartline restore heartline.backup "
        "(The folder that was put aside can go when `heartline verify` says ok.) "
        f"Or set HEARTLINE_HOME to a new folder, {ELSEWHERE}"
    )


def _make(layout: Layout, binaries: Binaries, identity: Identity) -> None:
    with naming_folder(layout.data):
        if layout.data.exists() and any(layout.data.iterdir()):
            raise FolderUnusableError(
                f"{layout.data} holds files but no Postgres cluster; move them away, "
                f"set HEARTLINE_HOME to another folder, {ELSEWHERE}"
            )
    scratch = layout.root / f"data.new-{secrets.token_hex(4)}"
    try:
        with naming_folder(layout.root):
            scratch.mkdir(mode=0o700)
            if identity.owner is not None:
                os.chown(scratch, *identity.owner)
        _initdb(scratch, layout, binaries, identity)
        with naming_folder(layout.root):
            _write(scratch / "postgresql.conf", SETTINGS, os.O_APPEND)
            _write(scratch / "pg_hba.conf", RULES, os.O_TRUNC)
            scratch.rename(layout.data)
            _sync_folder(layout.root)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def _initdb(scratch: Path, layout: Layout, binaries: Binaries, identity: Identity) -> None:
    locale = ["--locale=C"]
    if binaries.major >= 17:
        # By code point, with Unicode's letters, the same on every system: needs neither ICU nor libc.
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    answer = identity.run(
        binaries.initdb,
        *("-D", scratch, "--username", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--data-checksums"),
        "--no-instructions",
        *locale,
        hold=layout.server_lock,
    )
    if answer.returncode != 0:
        said = answer.stderr + answer.stdout
        if says_no_space(said):
            raise no_space(layout.root)
        raise StartError(
            f"initdb could not make the data folder {layout.data}, it says: {last_words(said)}; mend that, {ELSEWHERE}"
        )


def last_words(text: str) -> str:
    """Why Postgres gave up, in its own words: the last grave line, after the line that led to it."""
    lines = [_PREFIX.sub("", line).strip() for line in text.splitlines() if line.strip()]
    grave = [number for number, line in enumerate(lines, 1) if _GRAVE.search(line)]
    end = grave[-1] if grave else len(lines)
    return "; ".join(lines[max(0, end - 2) : end]) or "nothing"


def _write(file: Path, text: str, flag: int) -> None:
    """Append to a file, or replace what is in it, for good. It keeps its owner; links are not followed."""
    descriptor = os.open(file, os.O_WRONLY | os.O_NOFOLLOW | flag)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
