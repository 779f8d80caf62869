"""Looking into folders that others own: bounded, never waiting, and what can't be looked at is told."""

import os
import stat
from pathlib import Path

from infrastructure.openclaw.host.records import Problem
from infrastructure.openclaw.lossless import legible

MOST_NAMES = 100_000
"""How many names of one folder are looked at."""


class Looking:
    """Looks into folders, and remembers what could not be looked at. Symbolic links are followed."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def names(self, folder: Path) -> list[str]:
        """Give the names in a folder, in order; none if it is not there, or can't be read (which is a problem)."""
        names: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if len(names) == MOST_NAMES:
                        self.tell(folder, f"holds more than {MOST_NAMES} names: the others were not looked at")
                        break
                    names.append(entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self.tell(folder, f"can't be read: {error.strerror}")
        return sorted(names)

    def file_at(self, path: Path) -> os.stat_result | None:
        """Give the status of a regular file; None if there is none, or something that must not be opened."""
        found = self._at(path)
        if found is None or stat.S_ISREG(found.st_mode):
            return found
        self.tell(path, "is no regular file: not opened")
        return None

    def folder_at(self, path: Path) -> os.stat_result | None:
        """Give the status of a folder; None if there is none."""
        found = self._at(path)
        return found if found is not None and stat.S_ISDIR(found.st_mode) else None

    def _at(self, path: Path) -> os.stat_result | None:
        try:
            return path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self.tell(path, f"can't be read: {error.strerror}")
            return None

    def tell(self, path: Path, reason: str) -> None:
        """Take note of something that could not be looked at."""
        self.problems.append(Problem(legible(str(path)), "", None, reason))
