"""Configurations in several files: `$include` names one, or several that are merged, beside or below the first."""

from pathlib import Path
from typing import Any

from infrastructure.openclaw.host.looking import Looking
from infrastructure.openclaw.host.relaxed import MOST_BYTES, Unreadable, read_relaxed

MOST_DEEP = 10
MOST_FILES = 100

_INCLUDE = "$include"


class Including:
    """Reads a configuration with all that it includes. What can't be read is told, and left out.

    As in the host, nothing outside of the first file's folder is included.
    """

    def __init__(self, looking: Looking) -> None:
        self._looking = looking
        self._files = 0
        self._root = Path()

    def read(self, path: Path) -> Any:
        """Give the configuration at a path as plain values; None if it is not there, or can't be read."""
        self._root = path.resolve().parent
        return self._file(path, ())

    def _file(self, path: Path, within: tuple[Path, ...]) -> Any:
        resolved = path.resolve()
        if within and not resolved.is_relative_to(self._root):
            self._looking.tell(path, "lies outside of the configuration's folder: not included")
        elif resolved in within or len(within) > MOST_DEEP or self._files == MOST_FILES:
            self._looking.tell(path, "is included in a circle, or too deeply, or too much is included")
        elif self._looking.file_at(path) is not None:
            self._files += 1
            try:
                with path.open("rb") as stream:
                    read = read_relaxed(stream.read(MOST_BYTES + 1))
                if not within and not isinstance(read, dict):
                    self._looking.tell(path, "is no object")
                return self._with_included(read, path, (*within, resolved))
            except OSError as error:
                self._looking.tell(path, f"can't be read: {error.strerror}")
            except Unreadable as error:
                self._looking.tell(path, str(error))
        elif within:
            self._looking.tell(path, "is included and is not there")
        return None

    def _with_included(self, value: Any, path: Path, within: tuple[Path, ...]) -> Any:
        if isinstance(value, list):
            return [self._with_included(held, path, within) for held in value]
        if not isinstance(value, dict):
            return value
        own = {key: self._with_included(held, path, within) for key, held in value.items() if key != _INCLUDE}
        if _INCLUDE not in value:
            return own
        named = value[_INCLUDE] if isinstance(value[_INCLUDE], list) else [value[_INCLUDE]]
        merged: Any = {}
        for name in named:
            if not isinstance(name, str) or "\x00" in name:
                self._looking.tell(path, "includes something that is no path")
                continue
            included = self._file(path.parent / name, within)
            if included is not None:
                merged = _merged(merged, included)
        return _merged(merged, own) if own else merged


def _merged(first: Any, second: Any) -> Any:
    """Merge as the host does: lists follow each other, objects are merged, of all else the second counts."""
    if isinstance(first, list) and isinstance(second, list):
        return [*first, *second]
    if isinstance(first, dict) and isinstance(second, dict):
        both = {key: _merged(first[key], second[key]) for key in first.keys() & second.keys()}
        return {**first, **second, **both}
    return second
