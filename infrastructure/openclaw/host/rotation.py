"""Files that were rotated: which names belong to one log, and in which order they were written.

OpenClaw numbers its own log's archives (`openclaw-2026-11-23.1.log`, 1 being the newest) and never rotates a cache
trace: those that have grown to gigabytes are rotated by their owners, mostly with logrotate (`.1`, `.2.gz`,
`-20261123.gz`).
"""

import re
from collections.abc import Iterable

PACKED = (".gz", ".zst")
"""The compressions that are read."""

_TURN = re.compile(
    r"[.-](?P<date>\d{4}-?\d\d-?\d\d(?:[T_-]?\d[\d.-]*Z?)?)|\.(?P<number>\d{1,6})",
    re.ASCII,
)
_DIGITS = re.compile(r"\D+")

Turn = tuple[int, str, int]
"""When a file was written, relative to the others of its log: ascending is oldest first."""

_CURRENT: Turn = (1, "", 0)


def turn_of(name: str, base: str) -> Turn | None:
    """Say which turn of the log `base` a file of this name is; None if it is no file of that log.

    Dated ones come first, by date; then numbered ones, from the highest number; the log itself is the last.
    """
    name = next((name.removesuffix(end) for end in PACKED if name.endswith(end)), name)
    if name == base:
        return _CURRENT
    stem, dot, ending = base.rpartition(".")
    if name.startswith(base):
        between = name[len(base) :]
    elif stem and name.startswith(stem) and name.endswith(dot + ending):
        between = name[len(stem) : -len(dot + ending)]
    else:
        return None
    found = _TURN.fullmatch(between)
    if found is None:
        return None
    if found["date"]:
        return (-1, _DIGITS.sub("", found["date"]), 0)
    return (0, "", -int(found["number"]))


def in_order(names: Iterable[str], base: str) -> list[str]:
    """Give those of the names that belong to the log `base`, oldest first."""
    turns = [(turn, name) for name in names if (turn := turn_of(name, base)) is not None]
    return [name for _, name in sorted(turns)]
