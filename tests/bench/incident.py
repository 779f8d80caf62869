"""The recording of the incident, repeated under fresh session ids, times and ids: every copy is new to a ledger."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from infrastructure import openclaw
from tests.shared import RECORDINGS

SAMPLE = Path(openclaw.__file__ or ".").parent / "sample" / "lifecycle.ndjson"
RECORDING = RECORDINGS / "latest-iso-loop" / "lifecycle.ndjson"

_FRESH = re.compile(
    rb"(?P<uuid>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)"
    rb'|(?P<at>(?<="ts":")[0-9T:.-]+)Z'
    rb'|(?P<ms>(?<="timestamp":)[0-9]{13})'
)
_STEP = timedelta(hours=1)
"""How far the copies lie apart; the recording is shorter."""


def recording(path: Path | None = None) -> list[bytes]:
    """Give the lines of the recording: of the one that is named, of the sample, or of the one beside the project."""
    for one in (path,) if path else (SAMPLE, RECORDING):
        if one.exists():
            return one.read_bytes().splitlines(keepends=True)
    raise FileNotFoundError(f"there is no recording at {path or SAMPLE}: name one with --recording")


def copies(lines: list[bytes], first: int = 1) -> Iterator[bytes]:
    """Give copy after copy, each in one piece."""
    whole = b"".join(lines)
    number = first
    while True:
        yield _copy(whole, number)
        number += 1


def _copy(whole: bytes, number: int) -> bytes:
    ids: dict[bytes, bytes] = {}

    def fresh(found: re.Match[bytes]) -> bytes:
        if (known := found["uuid"]) is not None:
            return ids.get(known) or ids.setdefault(known, str(uuid4()).encode())
        if (ms := found["ms"]) is not None:
            return b"%d" % (int(ms) + number * int(_STEP.total_seconds() * 1000))
        at = datetime.fromisoformat(found["at"].decode()).replace(tzinfo=UTC) + number * _STEP
        return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3].encode() + b"Z"

    return _FRESH.sub(fresh, whole)


def write_copies(path: Path, lines: list[bytes], *, first: int, count: int = 0, size: int = 0) -> int:
    """Write so many copies, or so many bytes, into a file; give how many copies there are."""
    written = done = 0
    with path.open("wb") as file:
        for copy in copies(lines, first):
            file.write(copy)
            written += len(copy)
            done += 1
            if done >= count and written >= size:
                return done
    return done
