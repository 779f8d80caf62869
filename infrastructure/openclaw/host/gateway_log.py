"""What a gateway's log says of other engines that served: the host says it nowhere else.

The log is JSON lines where the gateway writes it itself, and console text where a service manager keeps what it prints.
No line names the session; May's releases, and the current ones, have different words.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infrastructure.openclaw.host.records import FellBack, Place, Problem
from infrastructure.openclaw.host.rotated_files import Marks, Piece, read_growing
from infrastructure.openclaw.lossless import legible, too_deep
from infrastructure.openclaw.times import microseconds

MOST_LINE_BYTES = 1024 * 1024
MOST_REASON = 1_000
"""How many characters of a reason are kept."""

_SAID = (b"falling back to default engine", b"for this logical turn")
_ENGINE = r'Context engine "(?P<engine>[^"]{1,500})"(?: owner=\S{1,500})? '
_FORMS = (
    re.compile(_ENGINE + r'degraded to "[^"]*" for this logical turn: (?P<reason>.*?)\. The "', re.DOTALL),
    re.compile(
        _ENGINE + r"(?P<reason>failed during .*?); quarantining it for this process and falling back", re.DOTALL
    ),
    re.compile(_ENGINE + r"(?P<reason>.*?); falling back to default engine", re.DOTALL),
)
_TEXTS = frozenset({"message", "msg"})
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)", re.ASCII)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def read_gateway_log(path: Path, marks: Marks) -> Iterator[FellBack | Problem]:
    """Read the fall-backs that a log tells, from its mark on.

    A line that tells of one in words that are not known is a Problem; all others are passed over.
    """
    for piece in read_growing(path, marks, limit=MOST_LINE_BYTES, wanted=_wanted):
        yield piece if isinstance(piece, Problem) else _read(piece)


def _wanted(line: bytes) -> bool:
    return b"ontext engine" in line and any(said in line for said in _SAID)


def _read(piece: Piece) -> FellBack | Problem:
    place = Place(legible(piece.path), "", piece.number)
    texts, names, at = _told(piece.content)
    for text in texts:
        for form in _FORMS:
            if found := form.search(text):
                return FellBack(
                    place=place,
                    at=at,
                    engine=legible(found["engine"]),
                    reason=legible(found["reason"][:MOST_REASON]),
                    session_id=names.get("sessionId"),
                    session_key=names.get("sessionKey"),
                    lasting="quarantining it for this process" in text,
                )
    return Problem(place.path, "", place.number, "tells of another engine, in words that are not known")


def _told(line: bytes) -> tuple[list[str], dict[str, str], int | None]:
    """Give the texts of a line, the session that it names, and its time."""
    try:
        read = None if too_deep(line) else json.loads(line)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        text = _COLOURS.sub("", line.decode(errors="replace"))
        stamp = _STAMP.search(text[:200])
        return [text], {}, microseconds(_with_colon(stamp[0])) if stamp else None
    meta = read.get("_meta")
    times = (read.get("time"), meta.get("date") if isinstance(meta, dict) else None)
    at = next((found for one in times if isinstance(one, str) and (found := microseconds(one)) is not None), None)
    texts = [value for key, value in read.items() if isinstance(value, str) and (key.isdigit() or key in _TEXTS)]
    return texts, _names(read), at


def _names(read: dict[str, Any]) -> dict[str, str]:
    """Find the session's id and key: in the line itself, or in what was logged beside its text."""
    names: dict[str, str] = {}
    for held in (read, *(value for key, value in read.items() if key.isdigit())):
        for name in ("sessionId", "sessionKey"):
            value = held.get(name) if isinstance(held, dict) else None
            if isinstance(value, str) and value:
                names.setdefault(name, legible(value))
    return names


def _with_colon(stamp: str) -> str:
    return stamp if stamp.endswith("Z") or stamp[-3] == ":" else f"{stamp[:-2]}:{stamp[-2:]}"
